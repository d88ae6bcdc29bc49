const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes as Docker shows them: powers of 1000, three digits. `undefined` is shown as a dash: nobody knows. */
export function formatSize(bytes: number | undefined): string {
  if (bytes === undefined) return "-";
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  // 999.6 kB would be rounded to 1000 kB.
  if (Number(value.toPrecision(3)) >= 1000 && power < units.length - 1) return `1 ${units[power + 1]}`;
  return `${Number(value.toPrecision(3))} ${units[power]}`;
}
