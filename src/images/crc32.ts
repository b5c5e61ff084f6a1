/** CRC-32 of PNG and zlib (reflected 0xEDB88320). Node has one only from 20.15 on. */
export function crc32(bytes: Uint8Array): number {
  const steps = table();
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = steps[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

let made: Int32Array | undefined;

function table(): Int32Array {
  made ??= Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  return made;
}
