/** A number of bytes for people, such as `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const [units, size] = [['bytes', 'KiB', 'MiB', 'GiB', 'TiB'], Math.max(1, bytes)];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(size) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
