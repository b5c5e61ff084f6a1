export { type DecodeOptions, decodeImage } from "../images/decode-image.js";
export { type EncodeJpegOptions, encodeJpeg } from "../images/encode-jpeg.js";
export { encodePng } from "../images/encode-png.js";
export type { Image } from "../images/image.js";
export type { DecodeLimits } from "../images/limits.js";
export { type ResizeFilter, type ResizeOptions, resizeImage } from "../images/resize-image.js";
