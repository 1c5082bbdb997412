/** One worker: its form, readme, runs, tasks and API; for its owner also its versions and settings. */
import { Badge, Group, Paper, Skeleton, Tabs, Text } from '@mantine/core';
import { IconCode } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, type ReactNode } from 'react';
import { useSession } from '../../api/session.ts';
import { newestVersionsQuery } from '../../api/worker-versions.ts';
import {
  descriptionQuery,
  workerQuery,
  type WorkerDescription,
  type WorkerDetail,
} from '../../api/workers.ts';
import { PageError } from '../../components/page-error.tsx';
import { ButtonLink } from '../../components/links.tsx';
import { PageHeader } from '../../components/page-header.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { ApiTab } from './api-tab.tsx';
import { InputTab } from './input-tab.tsx';
import { RunsTab } from './runs-tab.tsx';
import { TasksTab } from './tasks-tab.tsx';
import { UploadButton } from './upload/upload-button.tsx';
import { WorkerIcon } from './worker-icon.tsx';
import classes from './worker-page.module.css';
import { workerTabs, type WorkerTab } from './worker-search.ts';

const route = getRouteApi('/frame/signed-in/workers/$workerId');

/** Loaded lazily: the Markdown code is large, and most visits do not need it. */
const Readme = lazy(async () => ({ default: (await import('../../components/markdown.tsx')).Readme }));
const VersionsTab = lazy(async () => ({ default: (await import('./versions-tab.tsx')).VersionsTab }));
const SettingsTab = lazy(async () => ({ default: (await import('./settings-tab.tsx')).SettingsTab }));

const ownerTabs: ReadonlySet<WorkerTab> = new Set(['versions', 'settings']);
/** Tabs with tables use the full width; text and forms are narrower. */
const wideTabs: ReadonlySet<WorkerTab> = new Set(['runs', 'tasks', 'versions']);

interface WorkerContentProps {
  readonly workerId: string;
  readonly worker: WorkerDetail;
  readonly about: WorkerDescription;
}

function ReadmeTab({ markdown }: { readonly markdown: string }): ReactNode {
  const { workers: texts } = useTexts();
  return (
    <Paper withBorder p="lg">
      {markdown === '' ? <Text c="dimmed">{texts.noReadme}</Text> : <Readme markdown={markdown} />}
    </Paper>
  );
}

/** @param isOwn whether the worker belongs to the account, which can then see its versions */
function TabContent({
  tab,
  workerId,
  worker,
  about,
  isOwn,
}: WorkerContentProps & { readonly tab: WorkerTab; readonly isOwn: boolean }): ReactNode {
  const { from, task, version, status, page = 1 } = route.useSearch();
  const navigate = route.useNavigate();
  const versions = useQuery({ ...newestVersionsQuery(workerId), enabled: isOwn });
  const show = (search: object): void => void navigate({ search: { tab, ...search }, replace: true });
  const contents: Readonly<Record<WorkerTab, () => ReactNode>> = {
    input: () =>
      // The versions decide on a notice above the form.
      versions.isLoading ? (
        <Skeleton h={400} />
      ) : (
        <InputTab
          workerId={workerId}
          worker={worker}
          versions={versions.data ?? []}
          isOwn={isOwn}
          from={from}
          task={task}
          version={version}
        />
      ),
    readme: () => <ReadmeTab markdown={worker.readme} />,
    runs: () => <RunsTab workerId={workerId} status={status} page={page} onSearch={show} />,
    tasks: () => <TasksTab workerId={workerId} page={page} onPage={(next) => show({ page: next })} />,
    versions: () => <VersionsTab workerId={workerId} version={version} page={page} onSearch={show} />,
    api: () => <ApiTab path={about.path} worker={worker} />,
    settings: () => <SettingsTab workerId={workerId} about={about} />,
  };
  return contents[tab]();
}

function WorkerContent(props: WorkerContentProps): ReactNode {
  const { workerId, worker, about } = props;
  const { workers: texts, editor } = useTexts();
  const { tab: wanted = 'input' } = route.useSearch();
  const navigate = route.useNavigate();
  const session = useSession();
  const isOwn = session?.account.name === worker.username;
  const visible = workerTabs.filter((name) => isOwn || !ownerTabs.has(name));
  const tab = visible.includes(wanted) ? wanted : 'input';
  return (
    <div>
      <Group wrap="nowrap" align="flex-start" gap="md">
        <WorkerIcon url={about.icon_url} title={about.title} size={44} />
        <div style={{ flex: 1, minWidth: 0 }}>
          <PageHeader
            title={about.title}
            description={
              <>
                <Group gap="xs">
                  <span>{texts.by(worker.username)}</span>
                  <span>{worker.version}</span>
                  {isOwn && (
                    <Badge
                      size="sm"
                      radius="sm"
                      variant="light"
                      tt="none"
                      color={about.is_public ? 'teal' : 'gray'}
                    >
                      {about.is_public ? texts.isPublic : texts.isPrivate}
                    </Badge>
                  )}
                </Group>
                <Text size="sm" lineClamp={2} maw="48rem">
                  {about.description}
                </Text>
              </>
            }
            actions={
              isOwn && (
                <>
                  <ButtonLink
                    to="/workers/$workerId/edit"
                    params={{ workerId }}
                    variant="default"
                    leftSection={<IconCode size={16} />}
                  >
                    {editor.editInBrowser}
                  </ButtonLink>
                  <UploadButton workerId={workerId} />
                </>
              )
            }
          />
        </div>
      </Group>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(value) =>
          void navigate({
            search: value === 'input' || value === null ? {} : { tab: value as WorkerTab },
            replace: true,
          })
        }
      >
        <Tabs.List mb="md" className={classes['tabs']}>
          {visible.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {texts.tabs[name]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {visible.map((name) => (
          <Tabs.Panel key={name} value={name} maw={wideTabs.has(name) ? undefined : '52rem'}>
            <Suspense fallback={<Skeleton h={300} />}>
              <TabContent {...props} tab={name} isOwn={isOwn} />
            </Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}

export function WorkerPage(): ReactNode {
  const { workerId } = route.useParams();
  const worker = useQuery(workerQuery(workerId));
  const about = useQuery(descriptionQuery(workerId));
  const error = worker.error ?? about.error;
  if (worker.data !== undefined && about.data !== undefined) {
    return <WorkerContent workerId={workerId} worker={worker.data} about={about.data} />;
  }
  if (error !== null) {
    return (
      <PageError
        list="workers"
        error={error}
        onRetry={() => {
          void worker.refetch();
          void about.refetch();
        }}
      />
    );
  }
  return <Skeleton h="70vh" />;
}
