/** The figures of a run: rows, times in the reader's zone, traffic, cost. */
import { Paper, SimpleGrid } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';
import { isFinished, type Run } from '../../api/runs.ts';
import { Figure } from '../../components/figure.tsx';
import { formatBytes, formatCount, formatDuration } from '../../components/figures.ts';
import { Moment } from '../../components/moment.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

/** A duration that counts up from what the server last said. A different start needs a different key. */
function Ticking({ seconds }: { readonly seconds: number }): ReactNode {
  const [shown, setShown] = useState(seconds);
  useInterval(() => setShown(shown + 1), 1000, { autoInvoke: true });
  return formatDuration(shown);
}

export function RunFigures({ run }: { readonly run: Run }): ReactNode {
  const { run: texts, runs } = useTexts();
  const { language } = useLanguage();
  const isTicking = run.started_at > 0 && !isFinished(run.status);
  return (
    <Paper withBorder px="md" py="xs">
      <SimpleGrid cols={{ base: 3, xs: 4, md: 7 }} spacing="sm" verticalSpacing="xs">
        <Figure label={texts.rows}>{formatCount(run.results, language)}</Figure>
        <Figure label={texts.created}>
          {run.started_at === 0 ? runs.notStarted : <Moment seconds={run.started_at} />}
        </Figure>
        <Figure label={texts.finished}>
          {run.finished_at === 0 ? texts.notFinished : <Moment seconds={run.finished_at} />}
        </Figure>
        <Figure label={texts.duration}>
          {isTicking ? <Ticking key={run.duration} seconds={run.duration} /> : formatDuration(run.duration)}
        </Figure>
        <Figure label={runs.traffic}>{formatBytes(run.traffic, language)}</Figure>
        <Figure label={runs.usage}>{run.usage}</Figure>
        <Figure label={runs.origin}>{runs.origins[run.origin] ?? run.origin}</Figure>
      </SimpleGrid>
    </Paper>
  );
}
