/** The runs of the account. The URL holds filters, order and page. */
import { Paper, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { runsQuery } from '../../api/runs.ts';
import { dayStart } from '../../components/days.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { ButtonLink } from '../../components/links.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useRowKeys } from '../../components/row-keys.ts';
import type { RunSearch } from '../../search.ts';
import { useTexts } from '../../texts/texts.tsx';
import { useRunSelection } from './care/run-selection.ts';
import { SelectionActions } from './care/selection-actions.tsx';
import { RunFilters } from './run-filters.tsx';
import { RunTable } from './run-table.tsx';

const route = getRouteApi('/frame/signed-in/runs');

export function RunsPage(): ReactNode {
  const { runs: texts, lists } = useTexts();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useRowKeys();
  const {
    status,
    worker,
    task,
    origin,
    keyword,
    label,
    pinned,
    from,
    to,
    sort = '-created_at',
    page = 1,
    size = 20,
  } = search;
  const { data, error, refetch } = useQuery(
    runsQuery({
      state: status,
      worker,
      task,
      origin,
      keyword,
      label,
      pinned,
      from: dayStart(from),
      to: dayStart(to),
      sort,
      page,
      size,
    }),
  );
  const isFiltered = [status, worker, task, origin, keyword, label, pinned, from, to].some(
    (value) => value !== undefined,
  );
  const selection = useRunSelection();
  /** A new filter or order starts on page 1. */
  const change = (changes: RunSearch): void =>
    void navigate({ search: (before) => ({ ...before, page: undefined, ...changes }), replace: true });
  return (
    <div>
      <PageHeader title={texts.title} />
      <Stack>
        <RunFilters search={search} isFiltered={isFiltered} onChange={change} />
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        <Paper withBorder p="md">
          {data === undefined && error === null && <Skeleton h={360} />}
          {data?.count === 0 && isFiltered && <EmptyState title={lists.noMatch} />}
          {data?.count === 0 && !isFiltered && (
            <EmptyState
              title={texts.emptyTitle}
              action={<ButtonLink to="/store">{texts.toWorkers}</ButtonLink>}
            >
              {texts.emptyText}
            </EmptyState>
          )}
          {data !== undefined && data.count > 0 && (
            <>
              <SelectionActions
                runs={data.list.filter(({ slug }) => selection.slugs.has(slug))}
                onDone={selection.clear}
              />
              <RunTable
                runs={data.list}
                sort={sort}
                onSort={(next) => change({ sort: next })}
                selection={selection}
              />
              <ListPager
                count={data.count}
                isExact={data.count_is_exact}
                page={page}
                size={size}
                onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
                onSize={(next) => change({ size: next })}
              />
            </>
          )}
        </Paper>
      </Stack>
    </div>
  );
}
