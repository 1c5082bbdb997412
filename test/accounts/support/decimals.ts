/** Decimal strings as integers of a smallest unit, to check PostgreSQL's arithmetic independently. */

/** `units('0.05', 3)` is 50n. @throws Error if the text has more nonzero decimals */
export function units(text: string, places: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new Error(`${text} is no decimal`);
  const [, sign = '', whole = '', fraction = ''] = match;
  const kept = fraction.slice(0, places).padEnd(places, '0');
  if (/[1-9]/.test(fraction.slice(places))) throw new Error(`${text} has more than ${places} places`);
  return BigInt(`${sign}${whole}${kept}`);
}

/** Rounds half up. Neither argument is negative. */
export function dividedRounded(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
