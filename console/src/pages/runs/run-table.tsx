/** Runs as a table. */
import { Checkbox, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { stateOf } from '../../api/run-states.ts';
import type { Run } from '../../api/runs.ts';
import { formatAmount } from '../../components/amounts.ts';
import { headlineText } from '../../components/ends.ts';
import { formatBytes, formatCount, formatDuration } from '../../components/figures.ts';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { RunMarks } from '../../components/run-marks.tsx';
import { rowLink } from '../../components/row-keys.ts';
import { Scroller } from '../../components/scroller.tsx';
import { SortHeader } from '../../components/sort-header.tsx';
import { StatusBadge } from '../../components/status-badge.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import type { RunSelection } from './care/run-selection.ts';

interface RunLineProps {
  readonly run: Run;
  readonly selection: RunSelection | undefined;
}

function RunLine({ run, selection }: RunLineProps): ReactNode {
  const all = useTexts();
  const { runs: texts } = all;
  const { language } = useLanguage();
  const state = stateOf(run);
  const hasFailed = state === 'failed' || state === 'partly_failed';
  const headline = hasFailed ? headlineText(run, { texts: all, language }) : '';
  return (
    <Table.Tr bg={selection?.slugs.has(run.slug) ? 'var(--mantine-color-default-hover)' : undefined}>
      {selection !== undefined && (
        <Table.Td>
          <Checkbox
            aria-label={all.runCare.select(`${run.scraper_title} ${run.slug}`)}
            checked={selection.slugs.has(run.slug)}
            onChange={({ currentTarget }) => selection.toggle([run.slug], currentTarget.checked)}
          />
        </Table.Td>
      )}
      <Table.Td>
        <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} size="sm" fw={500} {...rowLink}>
          {run.scraper_title}
        </AnchorLink>
        <Text size="xs" c="dimmed" ff="monospace">
          {run.slug}
        </Text>
        {run.task_slug !== '' && (
          <AnchorLink to="/tasks/$taskId" params={{ taskId: run.task_slug }} size="xs" c="dimmed">
            {all.run.ofTask(run.task_title)}
          </AnchorLink>
        )}
        <RunMarks run={run} />
      </Table.Td>
      <Table.Td miw={124}>
        <StatusBadge run={run} />
        {headline !== '' && (
          <Text size="xs" c="dimmed" truncate maw={320} mt={2} title={headline}>
            {headline}
          </Text>
        )}
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        {run.started_at === 0 ? texts.notStarted : <Moment seconds={run.started_at} />}
      </Table.Td>
      <Table.Td ta="right">{formatDuration(run.duration)}</Table.Td>
      <Table.Td ta="right">{formatCount(run.results, language)}</Table.Td>
      <Table.Td ta="right">{formatBytes(run.traffic, language)}</Table.Td>
      <Table.Td ta="right">{formatAmount(run.usage, language)}</Table.Td>
      <Table.Td>{texts.origins[run.origin] ?? run.origin}</Table.Td>
      <Table.Td>{run.version}</Table.Td>
    </Table.Tr>
  );
}

interface RunTableProps {
  readonly runs: readonly Run[];
  /** `-created_at` */
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  /** Without it the runs cannot be selected. */
  readonly selection?: RunSelection;
}

function SelectAll({
  slugs,
  selection,
}: {
  readonly slugs: readonly string[];
  readonly selection: RunSelection;
}): ReactNode {
  const { runCare: texts } = useTexts();
  const selectedHere = slugs.filter((slug) => selection.slugs.has(slug)).length;
  const isAll = selectedHere === slugs.length;
  return (
    <Table.Th w={40}>
      <Checkbox
        aria-label={texts.selectAll}
        checked={isAll}
        indeterminate={selectedHere > 0 && !isAll}
        onChange={() => selection.toggle(slugs, !isAll)}
      />
    </Table.Th>
  );
}

export function RunTable({ runs, sort, onSort, selection }: RunTableProps): ReactNode {
  const { runs: texts } = useTexts();
  const order = { sort, onSort };
  return (
    <Scroller label={texts.title} isFullHeight>
      <Table verticalSpacing="xs" miw={960} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {selection !== undefined && (
              <SelectAll slugs={runs.map(({ slug }) => slug)} selection={selection} />
            )}
            <Table.Th>{texts.worker}</Table.Th>
            <Table.Th>{texts.status}</Table.Th>
            <SortHeader name="created_at" label={texts.started} {...order} />
            <SortHeader name="duration" label={texts.duration} align="right" {...order} />
            <SortHeader name="results" label={texts.results} align="right" {...order} />
            <SortHeader name="traffic" label={texts.traffic} align="right" {...order} />
            <SortHeader name="usage" label={texts.usage} align="right" {...order} />
            <Table.Th>{texts.origin}</Table.Th>
            <Table.Th>{texts.version}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map((run) => (
            <RunLine key={run.slug} run={run} selection={selection} />
          ))}
        </Table.Tbody>
      </Table>
    </Scroller>
  );
}
