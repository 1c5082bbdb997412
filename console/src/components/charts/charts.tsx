/** The charts and the charting library, loaded only on pages that show a chart. */
import '@mantine/charts/styles.layer.css';
import { BarChart, ChartTooltip, LineChart } from '@mantine/charts';
import type { ReactNode } from 'react';
import type { ChartProps } from './chart-props.ts';

const shared = {
  h: 220,
  dataKey: 'label',
  withLegend: true,
  // In the order of the series, not alphabetical.
  legendProps: { verticalAlign: 'bottom' as const, itemSorter: null },
  tickLine: 'none' as const,
  gridAxis: 'x' as const,
  tooltipAnimationDuration: 0,
  xAxisProps: { minTickGap: 24 },
};

interface TooltipContent {
  readonly label?: ReactNode;
  readonly payload?: readonly { readonly payload?: { readonly isEstimate?: boolean } }[];
}

function tooltipOf(
  { label, payload }: TooltipContent,
  { series, format }: Pick<ChartProps, 'series' | 'format'>,
): ReactNode {
  return (
    <ChartTooltip
      label={label}
      payload={payload}
      series={series.map(({ name, label: text, color }) => ({ name, label: text, color }))}
      valueFormatter={(value) => format(value, payload?.[0]?.payload?.isEstimate)}
    />
  );
}

/** Not focusable: the table beside the chart has the same figures and can be reached by keyboard. */
const unfocused = { accessibilityLayer: false } as const;
const still = { isAnimationActive: false } as const;

export default function Charts({ kind, points, series, format, isWhole = false }: ChartProps): ReactNode {
  const props = {
    ...shared,
    data: points.map(({ label, values, isEstimate }) => ({ label, isEstimate, ...values })),
    series: series.map(({ name, label, color }) => ({ name, label, color })),
    valueFormatter: (value: number) => format(value),
    tooltipProps: { content: (content: TooltipContent) => tooltipOf(content, { series, format }) },
    yAxisProps: { width: 56, allowDecimals: !isWhole },
  };
  return kind === 'bars' ? (
    <BarChart {...props} type="stacked" maxBarWidth={36} barProps={still} barChartProps={unfocused} />
  ) : (
    <LineChart
      {...props}
      curveType="monotone"
      strokeWidth={2}
      connectNulls={false}
      dotProps={{ r: 3 }}
      lineProps={still}
      lineChartProps={unfocused}
    />
  );
}
