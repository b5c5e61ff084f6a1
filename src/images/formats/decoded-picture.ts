import type { Image } from "../image.js";
import type { OrientationSources } from "../orientation.js";

/** What a format's decoder gives: the pixels as stored, and what the file says about turning them. */
export interface DecodedPicture extends OrientationSources {
  readonly image: Image;
}
