/** The data of a chart. */

export interface ChartSeries {
  readonly name: string;
  readonly label: string;
  /** A color of the theme, such as `teal.6`. */
  readonly color: string;
}

export interface ChartPoint {
  /** Unique, unlike the label: an hour repeats when clocks are set back. */
  readonly key: number;
  readonly label: string;
  /** By the names of the series; null if there is nothing to draw. */
  readonly values: Readonly<Record<string, number | null>>;
  /** The values are estimates. */
  readonly isEstimate?: boolean;
}

export interface ChartProps {
  readonly kind: 'bars' | 'lines';
  readonly points: readonly ChartPoint[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number, isEstimate?: boolean) => string;
  /** The values are counts, so the axis shows whole numbers only. */
  readonly isWhole?: boolean;
}
