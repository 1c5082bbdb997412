/** Workers as cards: the store's, or the account's own. The URL holds search, category and page. */
import { Box, Button, Group, Select, SimpleGrid, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { workersQuery, type WorkerFilter, type WorkerScope } from '../../api/workers.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { ButtonLink } from '../../components/links.tsx';
import { ListPager } from '../../components/list-pager.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { Panel } from '../../components/panel.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { TemplateDownloads } from '../../components/template-downloads.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { categoryChoices } from './categories.ts';
import { NewWorkerButton } from './editor/new-worker-button.tsx';
import { UploadButton } from './upload/upload-button.tsx';
import { WorkerCard } from './worker-card.tsx';

interface WorkerListProps {
  readonly scope: WorkerScope;
  readonly search: WorkerFilter;
  readonly onSearch: (search: WorkerFilter) => void;
}

function WorkerFilters({ search, onSearch }: Omit<WorkerListProps, 'scope'>): ReactNode {
  const { workers: texts } = useTexts();
  const { keyword = '', category = 0 } = search;
  return (
    <Group gap="xs">
      <Box flex={1} miw="12rem">
        <SearchField
          label={texts.search}
          value={keyword}
          onSearch={(next) =>
            onSearch({ ...(next !== '' && { keyword: next }), ...(category !== 0 && { category }) })
          }
        />
      </Box>
      <Select
        w="13rem"
        aria-label={texts.category}
        placeholder={texts.allCategories}
        data={categoryChoices(category, texts)}
        value={category === 0 ? null : String(category)}
        searchable
        clearable
        onChange={(next) =>
          onSearch({ ...(keyword !== '' && { keyword }), ...(next !== null && { category: Number(next) }) })
        }
      />
    </Group>
  );
}

function NoWorkers({ scope, search, onSearch }: WorkerListProps): ReactNode {
  const { workers: texts, templates, common } = useTexts();
  if (search.keyword !== undefined || search.category !== undefined) {
    return (
      <EmptyState
        title={texts.emptySearch}
        action={
          <Button variant="default" onClick={() => onSearch({})}>
            {texts.clearSearch}
          </Button>
        }
      />
    );
  }
  if (scope === 'store') return <EmptyState title={texts.emptyStoreTitle}>{texts.emptyStoreText}</EmptyState>;
  return (
    <>
      <EmptyState
        title={texts.emptyOwnTitle}
        action={
          <Group justify="center">
            <NewWorkerButton />
            <UploadButton workerId={undefined} />
            <ButtonLink to="/store" variant="default">
              {common.store}
            </ButtonLink>
          </Group>
        }
      >
        {texts.emptyOwnText}
      </EmptyState>
      <Box maw="36rem" mx="auto" w="100%">
        <Panel title={templates.title}>
          <TemplateDownloads />
        </Panel>
      </Box>
    </>
  );
}

export function WorkerList({ scope, search, onSearch }: WorkerListProps): ReactNode {
  const { workers: texts } = useTexts();
  const { page = 1 } = search;
  const { data, error, refetch } = useQuery(workersQuery(scope, search));
  const isStore = scope === 'store';
  const isEmptyHanded = data?.count === 0 && search.keyword === undefined && search.category === undefined;
  return (
    <div>
      <PageHeader
        title={isStore ? texts.storeTitle : texts.ownTitle}
        description={isStore ? texts.storeText : texts.ownText}
        actions={
          !isStore && (
            <>
              <UploadButton workerId={undefined} />
              <NewWorkerButton />
            </>
          )
        }
      />
      <Stack>
        {!isEmptyHanded && <WorkerFilters search={search} onSearch={onSearch} />}
        {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
        {data === undefined && error === null && <Skeleton h={320} />}
        {data?.count === 0 && <NoWorkers scope={scope} search={search} onSearch={onSearch} />}
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {data?.list.map((worker) => (
            <WorkerCard key={worker.slug} worker={worker} isOwn={!isStore} />
          ))}
        </SimpleGrid>
        {data !== undefined && data.count > 0 && (
          <ListPager
            count={data.count}
            page={page}
            size={data.page_size}
            onPage={(next) => onSearch({ ...search, page: next })}
          />
        )}
      </Stack>
    </div>
  );
}
