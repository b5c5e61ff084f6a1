const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** For people, in powers of 1000 as disks are sold: `346.3 MB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  while (bytes >= 1000 && unit < UNITS.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${UNITS[unit]}`;
}
