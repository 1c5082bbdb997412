/** Finds any page, worker, task or run by a few letters. */
import '@mantine/spotlight/styles.layer.css';
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { runsQuery } from '../api/runs.ts';
import { tasksQuery } from '../api/tasks.ts';
import { workersQuery } from '../api/workers.ts';
import { useTexts } from '../texts/texts.tsx';
import { useVisiblePages } from './pages.ts';

const [store, spotlight] = createSpotlight();
const searchMilliseconds = 150;
const shownOfEach = 5;

interface Target {
  readonly key: string;
  readonly label: string;
  readonly description?: string;
  readonly go: () => void;
}

function Targets({
  title,
  targets,
}: {
  readonly title: string;
  readonly targets: readonly Target[];
}): ReactNode {
  if (targets.length === 0) return null;
  return (
    <Spotlight.ActionsGroup label={title}>
      {targets.map(({ key, label, description, go }) => (
        <Spotlight.Action key={key} label={label} description={description} onClick={go} />
      ))}
    </Spotlight.ActionsGroup>
  );
}

/** The account's workers, tasks and runs that match the words. */
function useFound(words: string) {
  const navigate = useNavigate();
  const enabled = words.length >= 2;
  const own = useQuery({ ...workersQuery('own', { keyword: words, page: 1 }), enabled });
  const store = useQuery({ ...workersQuery('store', { keyword: words, page: 1 }), enabled });
  const tasks = useQuery({ ...tasksQuery({ keyword: words, page: 1 }), enabled });
  const runs = useQuery({ ...runsQuery({ keyword: words, page: 1 }), enabled, refetchInterval: false });
  if (!enabled) return { isSearching: false, workers: [], tasks: [], runs: [] };
  const workers = new Map(
    [...(own.data?.list ?? []), ...(store.data?.list ?? [])].map((worker) => [worker.path, worker]),
  );
  return {
    isSearching: [own, store, tasks, runs].some(({ isFetching }) => isFetching),
    workers: [...workers.values()].slice(0, shownOfEach).map(({ path, title }) => ({
      key: path,
      label: title,
      description: path.replace('~', '/'),
      go: () => void navigate({ to: '/workers/$workerId', params: { workerId: path } }),
    })),
    tasks: (tasks.data?.list ?? []).slice(0, shownOfEach).map(({ slug, title, worker_title: worker }) => ({
      key: slug,
      label: title,
      description: worker,
      go: () => void navigate({ to: '/tasks/$taskId', params: { taskId: slug } }),
    })),
    runs: (runs.data?.list ?? []).slice(0, shownOfEach).map(({ slug, scraper_title: title }) => ({
      key: slug,
      label: title,
      description: slug,
      go: () => void navigate({ to: '/runs/$runId', params: { runId: slug } }),
    })),
  };
}

export function openPalette(): void {
  spotlight.open();
}

export function CommandPalette(): ReactNode {
  const texts = useTexts();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  const [words] = useDebouncedValue(query.trim(), searchMilliseconds);
  const found = useFound(words);
  const lower = query.trim().toLowerCase();
  const pages = useVisiblePages()
    .map((page) => ({
      key: page.to,
      label: page.label(texts),
      go: () => void navigate({ to: page.to }),
    }))
    .filter(({ label }) => label.toLowerCase().includes(lower));
  const isEmpty = [pages, found.workers, found.tasks, found.runs].every(({ length }) => length === 0);
  const { palette } = texts;
  return (
    <Spotlight.Root
      store={store}
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      scrollable
      maxHeight={420}
      aria-label={palette.open}
    >
      <Spotlight.Search
        placeholder={palette.placeholder}
        aria-label={palette.placeholder}
        leftSection={<IconSearch size={20} stroke={1.5} />}
      />
      <Spotlight.ActionsList>
        <Targets title={palette.pages} targets={pages} />
        <Targets title={palette.workers} targets={found.workers} />
        <Targets title={palette.tasks} targets={found.tasks} />
        <Targets title={palette.runs} targets={found.runs} />
        {isEmpty && (
          <Spotlight.Empty>{found.isSearching ? palette.searching : palette.nothing}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
