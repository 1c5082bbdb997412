/** Workers as cards: the store's, or the account's own. The address holds search and page. */
import { Card, Group, Pagination, SimpleGrid, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { workersQuery, type WorkerScope, type WorkerSummary } from '../../api/workers.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { UploadButton } from './upload-button.tsx';
import classes from './worker-list.module.css';

export interface WorkerSearch {
  readonly keyword?: string;
  readonly page?: number;
}

interface WorkerListProps {
  readonly scope: WorkerScope;
  readonly search: WorkerSearch;
  readonly onSearch: (search: WorkerSearch) => void;
}

const searchMilliseconds = 250;

function WorkerCard({ worker }: { readonly worker: WorkerSummary }): ReactNode {
  const { workers: texts } = useTexts();
  return (
    <Card withBorder padding="lg" className={classes['card']}>
      <Title order={2} size="h5">
        <Link to="/workers/$workerId" params={{ workerId: worker.path }} className={classes['link']}>
          {worker.title}
        </Link>
      </Title>
      <Text size="xs" c="dimmed" mb="xs">
        {texts.by(worker.username)} · {worker.name}
      </Text>
      <Text size="sm" lineClamp={3}>
        {worker.description}
      </Text>
    </Card>
  );
}

export function WorkerList({ scope, search, onSearch }: WorkerListProps): ReactNode {
  const { workers: texts } = useTexts();
  const { keyword = '', page = 1 } = search;
  const [words, setWords] = useState(keyword);
  const { data, error, refetch } = useQuery(workersQuery(scope, keyword, page));
  const searchLater = useDebouncedCallback(
    (next: string) => onSearch(next === '' ? {} : { keyword: next }),
    searchMilliseconds,
  );
  const pages = Math.ceil((data?.count ?? 0) / (data?.page_size ?? 1));
  const isStore = scope === 'store';
  return (
    <div>
      <PageHeader
        title={isStore ? texts.storeTitle : texts.ownTitle}
        description={isStore ? texts.storeText : texts.ownText}
        actions={!isStore && <UploadButton workerId={undefined} />}
      />
      <Stack>
        <TextInput
          leftSection={<IconSearch size={16} />}
          placeholder={texts.search}
          aria-label={texts.search}
          value={words}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            searchLater(event.currentTarget.value.trim());
          }}
        />
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {data === undefined && error === null && <Skeleton h={320} />}
        {data?.count === 0 &&
          (keyword === '' && !isStore ? (
            <EmptyState title={texts.emptyOwnTitle} action={<UploadButton workerId={undefined} />}>
              {texts.emptyOwnText}
            </EmptyState>
          ) : (
            <EmptyState title={texts.emptySearch} />
          ))}
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {data?.list.map((worker) => (
            <WorkerCard key={worker.slug} worker={worker} />
          ))}
        </SimpleGrid>
        {pages > 1 && (
          <Group justify="center">
            <Pagination total={pages} value={page} onChange={(next) => onSearch({ ...search, page: next })} />
          </Group>
        )}
      </Stack>
    </div>
  );
}
