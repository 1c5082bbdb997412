/** Figures over time as a chart or a table. Screen readers always get the table. */
import { ActionIcon, Skeleton, Table, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconChartBar, IconTable } from '@tabler/icons-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useTexts } from '../../texts/texts.tsx';
import { Panel } from '../panel.tsx';
import { Scroller } from '../scroller.tsx';
import type { ChartProps, ChartSeries } from './chart-props.ts';

export type { ChartProps, ChartSeries };

const Charts = lazy(() => import('./charts.tsx'));
const height = 220;

interface ChartPanelProps extends ChartProps {
  readonly title: string;
  /** Heading of the column of points, such as "Day". */
  readonly pointLabel: string;
  /** Shown instead of an empty chart. */
  readonly emptyText: string;
  readonly actions?: ReactNode;
}

function ChartTable({ title, pointLabel, points, series, format }: ChartPanelProps): ReactNode {
  return (
    <Table verticalSpacing={4}>
      <Table.Caption>{title}</Table.Caption>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">{pointLabel}</Table.Th>
          {series.map(({ name, label }) => (
            <Table.Th key={name} scope="col" ta="right">
              {label}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {points.map(({ key, label, values, isEstimate }) => (
          <Table.Tr key={key}>
            <Table.Th scope="row" fw={400}>
              {label}
            </Table.Th>
            {series.map(({ name }) => (
              <Table.Td key={name} ta="right">
                {values[name] === null || values[name] === undefined ? '–' : format(values[name], isEstimate)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

export function ChartPanel(props: ChartPanelProps): ReactNode {
  const { title, points, emptyText, actions } = props;
  const { overview: texts } = useTexts();
  const [isTable, setTable] = useState(false);
  const isEmpty = points.every(({ values }) => Object.values(values).every((value) => !value));
  const toggle = (
    <Tooltip label={isTable ? texts.asChart : texts.asTable}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`${title}: ${isTable ? texts.asChart : texts.asTable}`}
        onClick={() => setTable(!isTable)}
      >
        {isTable ? <IconChartBar size={18} stroke={1.6} /> : <IconTable size={18} stroke={1.6} />}
      </ActionIcon>
    </Tooltip>
  );
  if (isEmpty) {
    return (
      <Panel title={title} actions={actions}>
        <Text c="dimmed" size="sm" ta="center" py={height / 2 - 10}>
          {emptyText}
        </Text>
      </Panel>
    );
  }
  return (
    <Panel
      title={title}
      actions={
        <>
          {actions}
          {toggle}
        </>
      }
    >
      {isTable ? (
        <Scroller label={title}>
          <ChartTable {...props} />
        </Scroller>
      ) : (
        <>
          <div aria-hidden>
            <Suspense fallback={<Skeleton h={height} />}>
              <Charts {...props} />
            </Suspense>
          </div>
          <VisuallyHidden>
            <ChartTable {...props} />
          </VisuallyHidden>
        </>
      )}
    </Panel>
  );
}
