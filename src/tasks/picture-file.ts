const ENDING = /\.(jpe?g|png|webp|bmp)$/i;

/** Whether a file's name says that it is a picture of a format that is read. */
export function isPictureFile(name: string): boolean {
  return ENDING.test(name);
}
