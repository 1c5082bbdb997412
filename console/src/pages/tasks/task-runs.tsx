/** The runs of a task, newest first. */
import { Paper, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { runsQuery } from '../../api/runs.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { RunTable } from '../runs/run-table.tsx';

interface TaskRunsProps {
  readonly slug: string;
  readonly page: number;
  readonly onPage: (page: number) => void;
}

export function TaskRuns({ slug, page, onPage }: TaskRunsProps): ReactNode {
  const { tasks: texts } = useTexts();
  const [sort, setSort] = useState('-created_at');
  const { data, error, refetch } = useQuery(runsQuery({ task: slug, sort, page }));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={240} />;
  if (data.count === 0) return <EmptyState title={texts.noRuns} />;
  return (
    <Paper withBorder p="md">
      <RunTable
        runs={data.list}
        sort={sort}
        onSort={(next) => {
          setSort(next);
          onPage(1);
        }}
      />
      <ListPager
        count={data.count}
        isExact={data.count_is_exact}
        page={page}
        size={data.page_size}
        onPage={onPage}
      />
    </Paper>
  );
}
