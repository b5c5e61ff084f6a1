/** How many bytes from the start of a file {@link recognizeFormat} wants to see. */
export const RECOGNIZED_BYTES = 512;

interface ForeignFormat {
  /** Goes on from "is": "a PyTorch zip checkpoint". */
  readonly name: string;
  readonly advice: string;
  readonly matches: (head: Uint8Array, text: string) => boolean;
}

const CONVERT = "Convert it with Python's `safetensors.torch.save_file`, or take the repository's model.safetensors.";
const DOWNLOAD_AGAIN = "Delete it and download the weights again.";
const begins =
  (...magic: number[]) =>
  (head: Uint8Array) =>
    magic.every((byte, index) => head[index] === byte);

const FORMATS: readonly ForeignFormat[] = [
  {
    name: "a Git LFS pointer, not the file that it points to",
    advice: "Run `git lfs pull`, or download the file itself.",
    matches: (_, text) => text.startsWith("version https://git-lfs.github.com/spec/"),
  },
  {
    name: "an HTML page, probably an error page saved as weights",
    advice: DOWNLOAD_AGAIN,
    matches: (_, text) => /^\s*(<!doctype html|<html|<head|<body)/i.test(text),
  },
  { name: "an XML document", advice: DOWNLOAD_AGAIN, matches: (_, text) => /^\s*<\?xml/.test(text) },
  { name: "a zip archive, as torch.save writes them", advice: CONVERT, matches: begins(0x50, 0x4b, 0x03, 0x04) },
  { name: "an empty zip archive", advice: DOWNLOAD_AGAIN, matches: begins(0x50, 0x4b, 0x05, 0x06) },
  {
    name: "a Python pickle, as old torch.save wrote them",
    advice: CONVERT,
    matches: (head) =>
      head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5 && /[(}c\x8a\x95]/.test(latin1(head.subarray(2, 3))),
  },
  { name: "a GGUF file", advice: "Take the model's safetensors files.", matches: begins(0x47, 0x47, 0x55, 0x46) },
  { name: "an HDF5 file, as Keras writes them", advice: CONVERT, matches: begins(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a) },
  { name: "a TensorFlow Lite model", advice: CONVERT, matches: (head) => latin1(head.subarray(4, 8)) === "TFL3" },
  { name: "a NumPy array", advice: CONVERT, matches: begins(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59) },
  { name: "a gzip archive", advice: "Unpack it first.", matches: begins(0x1f, 0x8b, 0x08) },
  {
    // ModelProto: field 1 (ir_version, varint below 32), then field 2 (producer_name) or 8 (opset_import).
    name: "an ONNX model",
    advice: "Take the model's safetensors file.",
    matches: (head) => head[0] === 0x08 && head[1]! > 0 && head[1]! < 32 && (head[2] === 0x12 || head[2] === 0x42),
  },
  {
    name: "a JSON document",
    advice: "Give the weights file or its folder, not its config.",
    matches: (_, text) => /^\s*[{[]\s*["{\]}]/.test(text),
  },
  {
    name: "plain text",
    advice: DOWNLOAD_AGAIN,
    matches: (head, text) => head.length >= 8 && /^[\t\n\r\x20-\x7e]+$/.test(text),
  },
];

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/**
 * Says what a file is that turned out not to be safetensors. Ask only after a rule of the format was broken: the first
 * bytes of a sound file may look like anything.
 *
 * @param head the first {@link RECOGNIZED_BYTES} bytes, or fewer
 */
export function recognizeFormat(head: Uint8Array): { readonly name: string; readonly advice: string } | undefined {
  const bytes = head.subarray(0, RECOGNIZED_BYTES);
  const text = latin1(bytes).replace(/^\xef\xbb\xbf/, "");
  return FORMATS.find((format) => format.matches(bytes, text));
}
