/** EXIF's orientation: how the stored picture must be turned to stand upright. 1: as it is. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
/** TIFF types of one whole number, by size in bytes: SHORT, LONG, SSHORT, SLONG, IFD. */
const INTEGER_SIZES: Record<number, 2 | 4> = { 3: 2, 4: 4, 8: 2, 9: 4, 13: 4 };

/** Where a picture says how it is turned. */
export interface OrientationSources {
  /** An EXIF block, with or without its leading "Exif\0\0". */
  exif?: Uint8Array;
  /** An XMP packet; asked only when EXIF has no orientation, as Pillow does. */
  xmp?: string;
}

/** The orientation that a picture asks for; 1 where it asks for none, an invalid one, or its metadata is damaged. */
export function readOrientation({ exif, xmp }: OrientationSources): Orientation {
  const found = (exif && orientationOfExif(exif)) ?? (xmp === undefined ? undefined : orientationOfXmp(xmp)) ?? 1;
  return found >= 1 && found <= 8 ? (found as Orientation) : 1;
}

function orientationOfXmp(xmp: string): number | undefined {
  const match = /tiff:Orientation(?:="|>)([0-9])/.exec(xmp);
  return match ? Number(match[1]) : undefined;
}

/** The orientation tag of the first directory; damage ends the search, it is no error. */
function orientationOfExif(block: Uint8Array): number | undefined {
  const tiff = withoutPrefix(block);
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return undefined;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  if (view.getUint16(2, little) !== 42) return undefined;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return undefined;
  let found: number | undefined;
  const count = view.getUint16(directory, little);
  for (let entry = directory + 2, i = 0; i < count && entry + 12 <= tiff.length; i++, entry += 12) {
    if (view.getUint16(entry, little) !== ORIENTATION_TAG || view.getUint32(entry + 4, little) !== 1) continue;
    const size = INTEGER_SIZES[view.getUint16(entry + 2, little)];
    if (size) found = size === 2 ? view.getUint16(entry + 8, little) : view.getUint32(entry + 8, little);
  }
  return found;
}

/** Some writers put "Exif\0\0" before the TIFF block, some twice. */
function withoutPrefix(block: Uint8Array): Uint8Array {
  const prefix = "Exif\0\0";
  let start = 0;
  for (let i = 0; i < 2; i++)
    if (String.fromCharCode(...block.subarray(start, start + prefix.length)) === prefix) start += prefix.length;
  return block.subarray(start);
}
