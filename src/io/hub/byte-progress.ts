/** How far a download is. */
export interface DownloadProgress {
  /** The file that has just grown. */
  file: string;
  /** Bytes of that file, those from an earlier try and those in the cache among them. */
  fileLoaded: number;
  fileTotal: number;
  /** Bytes of all files that are fetched; `total` is known before the first of them comes. */
  loaded: number;
  total: number;
}

/** Often enough for the eye. */
const INTERVAL_MS = 100;

/** Adds up the bytes of several files, and tells of them now and then and at the end. */
export class ByteProgress {
  private readonly files = new Map<string, { loaded: number; total: number }>();
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly tell: ((progress: DownloadProgress) => void) | undefined) {}

  expect(file: string, bytes: number): void {
    this.files.set(file, { loaded: 0, total: bytes });
  }

  set(file: string, loaded: number): void {
    const entry = this.files.get(file);
    if (!entry || !this.tell || entry.loaded === loaded) return;
    entry.loaded = loaded;
    const all = [...this.files.values()];
    const sum = { loaded: 0, total: 0 };
    for (const { loaded, total } of all) {
      sum.loaded += loaded;
      sum.total += total;
    }
    const now = performance.now();
    if (now - this.lastMs < INTERVAL_MS && sum.loaded < sum.total) return;
    this.lastMs = now;
    this.tell({ file, fileLoaded: loaded, fileTotal: entry.total, ...sum });
  }
}
