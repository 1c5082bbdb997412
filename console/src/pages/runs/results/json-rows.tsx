/** The rows as JSON, page by page. */
import { Group, Pagination, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { stringifyJson } from '../../../api/lossless-json.ts';
import type { RowQuery } from '../../../api/row-queries.ts';
import { cutKey, dataIdKey, rowPageQuery } from '../../../api/run-results.ts';
import { CodeBlock } from '../../../components/code-block.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { useTexts } from '../../../texts/texts.tsx';

const rowsOnPage = 20;

interface JsonRowsProps {
  readonly slug: string;
  readonly query: RowQuery;
  readonly count: number;
  readonly hidden: readonly string[];
}

export function JsonRows({ slug, query, count, hidden }: JsonRowsProps): ReactNode {
  const { run: texts } = useTexts();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery(rowPageQuery(slug, query, { page: page - 1, size: rowsOnPage }));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  const left = new Set([...hidden, cutKey, dataIdKey]);
  const rows = data.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !left.has(key))));
  return (
    <Stack gap="sm">
      {data.some((row) => Object.hasOwn(row, cutKey)) && (
        <Text size="xs" c="dimmed">
          {texts.longTextsCut}
        </Text>
      )}
      <CodeBlock code={stringifyJson(rows, 2)} label={texts.jsonOfPage} />
      {count > rowsOnPage && (
        <Group justify="center">
          <Pagination
            size="sm"
            total={Math.ceil(count / rowsOnPage)}
            value={page}
            onChange={setPage}
            getItemProps={(number) => ({ 'aria-label': `${texts.page} ${number}` })}
            getControlProps={(control) => ({ 'aria-label': control })}
          />
        </Group>
      )}
    </Stack>
  );
}
