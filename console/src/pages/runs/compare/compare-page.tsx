/** Two runs side by side: their figures, their inputs, and the rows that differ. The URL names both and the column. */
import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { runQuery, runsQuery, type Run } from '../../../api/runs.ts';
import { EmptyState } from '../../../components/empty-state.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { PageError } from '../../../components/page-error.tsx';
import { AnchorLink } from '../../../components/links.tsx';
import { PageHeader } from '../../../components/page-header.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { ComparedFigures } from './compared-figures.tsx';
import { ComparedInputs } from './compared-inputs.tsx';
import { ComparedRowsPanel } from './compared-rows-panel.tsx';
import { RunChoice } from './run-choice.tsx';

const route = getRouteApi('/frame/signed-in/runs/$runId/compare');

/** Runs of the worker that can be chosen. */
const offeredRuns = 100;

/** The run before this one: of the same task if it has one, otherwise of the worker. */
function previousOf(run: Run, runs: readonly Run[]): Run | undefined {
  const earlier = runs.filter(({ slug }) => slug < run.slug);
  return earlier.find((other) => run.task_slug !== '' && other.task_slug === run.task_slug) ?? earlier[0];
}

function Compared({ run, other }: { readonly run: Run; readonly other: Run }): ReactNode {
  const { key, change, page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Stack>
      <ComparedFigures run={run} other={other} />
      <ComparedInputs run={run} other={other} />
      <ComparedRowsPanel
        key={`${run.slug} ${other.slug}`}
        run={run}
        other={other}
        column={key}
        change={change}
        page={page}
        onChoose={(chosen) =>
          void navigate({
            search: (before) => ({ ...before, page: undefined, ...chosen }),
            replace: true,
            resetScroll: false,
          })
        }
      />
    </Stack>
  );
}

function CompareContent({ run }: { readonly run: Run }): ReactNode {
  const { compare: texts } = useTexts();
  const { with: named } = route.useSearch();
  const navigate = route.useNavigate();
  const runs = useQuery(runsQuery({ worker: run.scraper_slug, page: 1, size: offeredRuns }));
  const others = (runs.data?.list ?? []).filter(({ slug }) => slug !== run.slug);
  const slug = named ?? previousOf(run, others)?.slug;
  const other = useQuery({ ...runQuery(slug ?? ''), enabled: slug !== undefined });
  const error = runs.error ?? other.error;
  return (
    <div>
      <PageHeader
        title={texts.title}
        tabTitle={`${texts.title} · ${run.scraper_title}`}
        description={
          <Group gap="xs">
            <AnchorLink to="/runs/$runId" params={{ runId: run.slug }} size="sm">
              {run.scraper_title}
            </AnchorLink>
            <Text size="xs" ff="monospace">
              {run.slug}
            </Text>
          </Group>
        }
        actions={
          <RunChoice
            runs={others}
            chosen={other.data}
            onChoose={(next) =>
              void navigate({ search: (before) => ({ ...before, with: next, page: undefined }) })
            }
          />
        }
      />
      {error !== null && <ErrorNotice error={error} onRetry={() => void other.refetch()} />}
      {runs.data !== undefined && slug === undefined && (
        <EmptyState title={texts.nothing}>{texts.nothingText}</EmptyState>
      )}
      {error === null && other.data === undefined && (runs.data === undefined || slug !== undefined) && (
        <Skeleton h={480} />
      )}
      {other.data !== undefined && slug !== undefined && <Compared run={run} other={other.data} />}
    </div>
  );
}

export function ComparePage(): ReactNode {
  const { runId } = route.useParams();
  const { data: run, error, refetch } = useQuery(runQuery(runId));
  if (run !== undefined) return <CompareContent key={run.slug} run={run} />;
  if (error !== null) return <PageError error={error} onRetry={() => void refetch()} list="runs" />;
  return <Skeleton h="70vh" />;
}
