/** The figures of two runs beside each other. What differs is bold. */
import { Paper, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Run } from '../../../api/runs.ts';
import { headlineText } from '../../../components/ends.ts';
import { formatBytes, formatCount, formatDuration } from '../../../components/figures.ts';
import { AnchorLink } from '../../../components/links.tsx';
import { Moment } from '../../../components/moment.tsx';
import { Scroller } from '../../../components/scroller.tsx';
import { StatusBadge } from '../../../components/status-badge.tsx';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';

interface Line {
  readonly label: string;
  readonly show: (run: Run) => ReactNode;
  /** What to compare; without it a difference says nothing. */
  readonly value?: (run: Run) => string;
}

function textLine(label: string, value: (run: Run) => string): Line {
  return { label, show: value, value };
}

function useLines(): readonly Line[] {
  const texts = useTexts();
  const { language } = useLanguage();
  const { run: runTexts, runs, compare } = texts;
  return [
    {
      label: compare.run,
      show: (run) => (
        <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} size="sm" ff="monospace">
          {run.slug}
        </AnchorLink>
      ),
    },
    { label: runs.status, show: (run) => <StatusBadge run={run} /> },
    textLine(compare.reason, (run) =>
      run.end_reason === '' || run.end_reason === 'succeeded' ? '' : headlineText(run, { texts, language }),
    ),
    textLine(compare.version, ({ version }) => version),
    { label: runTexts.created, show: (run) => <Moment seconds={run.started_at} /> },
    textLine(runTexts.duration, ({ duration }) => formatDuration(duration)),
    textLine(runTexts.rows, ({ results }) => formatCount(results, language)),
    textLine(runs.traffic, ({ traffic }) => formatBytes(traffic, language)),
    textLine(runs.usage, ({ usage }) => usage),
  ];
}

export function ComparedFigures({ run, other }: { readonly run: Run; readonly other: Run }): ReactNode {
  const { compare: texts } = useTexts();
  const lines = useLines();
  return (
    <Paper withBorder p="md">
      <Scroller label={texts.figures} isFullHeight>
        <Table verticalSpacing={4} miw={{ base: 0, sm: 520 }} aria-label={texts.figures}>
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              <Table.Th scope="col">{texts.other}</Table.Th>
              <Table.Th scope="col">{texts.this}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {lines.map(({ label, show, value }) => {
              const differs = value !== undefined && value(run) !== value(other);
              return (
                <Table.Tr key={label}>
                  <Table.Th scope="row" fw={400}>
                    {label}
                  </Table.Th>
                  {[other, run].map((each) => (
                    <Table.Td key={each.slug} style={{ overflowWrap: 'anywhere' }}>
                      <Text component="div" size="sm" fw={differs ? 700 : undefined} lineClamp={4}>
                        {show(each) || '–'}
                      </Text>
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Scroller>
    </Paper>
  );
}
