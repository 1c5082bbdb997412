/** Formats the amounts, shares and durations of statistics in the reader's language. */
import { formatDuration } from './figures.ts';

/** @param amount decimal; `0.5` becomes `0.50`, and small amounts get four decimal places */
export function formatAmount(amount: string | number, language: string): string {
  const value = Number(amount);
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: Math.abs(value) < 10 ? 4 : 2 };
  return new Intl.NumberFormat(language, digits).format(value);
}

/** @param share 0 to 1; negative if undefined because nothing was counted @returns `98.5 %`, or a dash */
export function formatShare(share: number, language: string): string {
  if (share < 0) return '–';
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(share);
}

/** A percentile of durations, which is estimated if there are many. @returns `2:03`, or `~2:03` if it is estimated */
export function formatPercentile(seconds: number, isExact: boolean, language: string): string {
  const text = formatSeconds(seconds, language);
  return seconds === 0 || isExact ? text : `~${text}`;
}

/** @param seconds 0 if there were no runs @returns `0.4 s`, `12 s`, `2:03`, or a dash for 0 */
function formatSeconds(seconds: number, language: string): string {
  if (seconds === 0) return '–';
  if (seconds >= 60) return formatDuration(Math.round(seconds));
  const digits = { maximumFractionDigits: seconds < 10 ? 1 : 0 };
  return `${new Intl.NumberFormat(language, digits).format(seconds)} s`;
}
