import { encodeJpeg } from "../../images/encode-jpeg.js";
import type { Image } from "../../images/image.js";
import { resizeImage } from "../../images/resize-image.js";

/** A picture in a page: small, as a `data:` URL, so that the page opens anywhere. */
export interface Thumbnail {
  url: string;
  /** Pixels. */
  width: number;
  height: number;
}

/** An image at most `side` pixels wide and high, never enlarged; a JPEG of some kilobytes. */
export function thumbnail(image: Image, side: number): Thumbnail {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const jpeg = encodeJpeg(resizeImage(image, { width, height, filter: "bicubic" }), { quality: 80 });
  return { url: `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`, width, height };
}
