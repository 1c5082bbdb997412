/** Formats figures in the reader's language. */

const byteUnits = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

/** @returns such as `1.2 MB` */
export function formatBytes(bytes: number, language: string): string {
  const step = Math.min(Math.max(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 0), byteUnits.length - 1);
  // Intl has no short form for bytes: it writes the word "byte", and does not inflect it.
  if (step === 0) return `${Math.round(bytes)} B`;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit: byteUnits[step],
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  }).format(bytes / 1000 ** step);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** @returns such as `1:02:03`, `2:03`, `3 s` */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(rest)}` : `${minutes}:${twoDigits(rest)}`;
}

export function formatCount(count: number, language: string): string {
  return new Intl.NumberFormat(language).format(count);
}
