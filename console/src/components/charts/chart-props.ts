/** What a chart draws. */

export interface ChartSeries {
  readonly name: string;
  readonly label: string;
  /** Of the theme, `teal.6`. */
  readonly color: string;
}

export interface ChartPoint {
  /** Two hours of a day may have one label. */
  readonly key: number;
  readonly label: string;
  /** By the names of the series; null where there is nothing to draw. */
  readonly values: Readonly<Record<string, number | null>>;
}

export interface ChartProps {
  readonly kind: 'bars' | 'lines';
  readonly points: readonly ChartPoint[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** There are no halves of what is shown. */
  readonly isWhole?: boolean;
}
