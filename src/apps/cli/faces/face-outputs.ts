import type { Image } from "../../../images/image.js";
import { clusterFaces, type FaceClusters, type FacePlace } from "../../../tasks/faces/cluster-faces.js";
import { countFaces } from "../../../tasks/faces/count-faces.js";
import { cropFace } from "../../../tasks/faces/crop-face.js";
import type { FaceAnalysis } from "../../../tasks/faces/face-analysis.js";
import { annotate } from "../../../tasks/faces/pictures/annotate.js";
import { contactSheet } from "../../../tasks/faces/pictures/contact-sheet.js";
import { type RedactOptions, redact } from "../../../tasks/faces/pictures/redact.js";
import { readImage } from "../../../tasks/image-input.js";
import { FaceReport } from "../../../tasks/reports/face-report.js";
import type { Description } from "../over-pictures.js";
import type { NamedPicture } from "../pictures.js";
import { prepareFolder, writeText } from "../write-file.js";
import { copiesOf, pictureFile, writePicture } from "./picture-files.js";

/** What `vitrail faces` makes besides its printed answers. */
export interface FaceOutputOptions {
  annotate?: string;
  redact?: string;
  redactMode?: NonNullable<RedactOptions["mode"]>;
  report?: string;
  contactSheet?: string;
  /** The threshold; `true` where none was given. */
  cluster?: number | true;
  count?: true;
}

const SHEET_FACE = { size: 96, margin: 0.2 };
/** As many as a sheet holds; all are in memory until the end. */
const MOST_SHEET_FACES = 5000;

/** Writes marked and hidden pictures as they come, and a report, groups and counts at the end. */
export class FaceOutputs {
  private readonly results: { name: string; result: FaceAnalysis; crops: Image[] }[] = [];
  private sheetFaces = 0;
  private readonly page: FaceReport | undefined;

  private constructor(
    private readonly options: FaceOutputOptions,
    private readonly pictures: readonly NamedPicture[],
    private readonly marked: readonly string[],
    private readonly hidden: readonly string[],
  ) {
    this.page = options.report ? new FaceReport() : undefined;
  }

  /** @throws UsageError for places that can't be written to as asked, before any work */
  static async open(options: FaceOutputOptions, pictures: readonly NamedPicture[]): Promise<FaceOutputs> {
    if (options.contactSheet) pictureFile("--contact-sheet", options.contactSheet);
    for (const file of [options.contactSheet, options.report]) if (file) await prepareFolder(file);
    const marked = options.annotate ? await copiesOf("--annotate", options.annotate, pictures) : [];
    const hidden = options.redact ? await copiesOf("--redact", options.redact, pictures) : [];
    return new FaceOutputs(options, pictures, marked, hidden);
  }

  /** Where a picture's marked copy is. */
  markedFile(index: number): string | undefined {
    return this.marked[index];
  }

  async add(index: number, result: FaceAnalysis): Promise<void> {
    const { name, input } = this.pictures[index]!;
    const { contactSheet, cluster, count, redactMode } = this.options;
    const [marked, hidden] = [this.marked[index], this.hidden[index]];
    const crops: Image[] = [];
    if (marked || hidden || this.page || contactSheet) {
      const image = await readImage(input, { gray16: "scale" });
      if (marked) await writePicture(marked, annotate(image, result.faces));
      if (hidden) await writePicture(hidden, redact(image, result.faces, redactMode ? { mode: redactMode } : {}));
      this.page?.add(name, result, image);
      if (contactSheet)
        for (const face of result.faces.slice(0, MOST_SHEET_FACES - this.sheetFaces)) {
          crops.push(cropFace(image, face, SHEET_FACE).image);
          this.sheetFaces++;
        }
    }
    if (contactSheet || cluster !== undefined || count) this.results.push({ name, result, crops });
  }

  addFailure(name: string, error: Error): void {
    this.page?.addFailure(name, error);
  }

  /** Writes what is about all pictures; what is to be printed of it. */
  async end(): Promise<Description | undefined> {
    const { cluster, count, contactSheet: sheet, report } = this.options;
    const results = this.results.map(({ result }) => result);
    const groups =
      cluster === undefined ? undefined : clusterFaces(results, { threshold: cluster === true ? "auto" : cluster });
    if (this.page) await writeText(report!, this.page.toHtml(groups ? { clusters: groups } : {}));
    if (sheet) await writePicture(sheet, contactSheet(this.sheetGroups(groups), { size: SHEET_FACE.size }));
    if (!groups && !count) return undefined;
    const { perPicture: _, ...counted } = countFaces(results);
    return {
      document: { ...(count && { count: counted }), ...(groups && this.groupsDocument(groups)) },
      text: [
        `${counted.faces} ${counted.faces === 1 ? "face" : "faces"} in ${counted.withFaces} of ${counted.pictures} pictures`,
        ...(groups
          ? groups.clusters.map((group, i) => `group ${i + 1}  ${group.map((place) => this.nameOf(place)).join(", ")}`)
          : []),
      ],
    };
  }

  private groupsDocument({ clusters, threshold }: FaceClusters): object {
    const named = clusters.map((group) =>
      group.map(({ picture, face }) => ({ file: this.results[picture]!.name, face })),
    );
    return { threshold, clusters: named };
  }

  private sheetGroups(groups: FaceClusters | undefined) {
    const cropOf = ({ picture, face }: FacePlace) => this.results[picture]!.crops[face] ?? [];
    if (groups)
      return groups.clusters.map((group, i) => ({
        title: `group ${i + 1} (${group.length})`,
        images: group.flatMap(cropOf),
      }));
    const crops = this.results.flatMap((entry) => entry.crops);
    return [{ title: `${crops.length} faces`, images: crops }];
  }

  private nameOf({ picture, face }: FacePlace): string {
    return `${this.results[picture]!.name}#${face + 1}`;
  }
}
