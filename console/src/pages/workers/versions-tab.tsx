/** The versions of an own worker: their origin, the findings of the checks, and their installation. */
import {
  Accordion,
  Alert,
  Anchor,
  Badge,
  Button,
  Code,
  Group,
  Pagination,
  Skeleton,
  Stack,
  Text,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconAlertTriangle,
  IconCheck,
  IconDownload,
  IconFiles,
  IconGitBranch,
  IconGitCompare,
  IconPlayerPlay,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useGitPull } from '../../api/publishing.ts';
import {
  packageAddress,
  useMakeCurrent,
  versionsQuery,
  type GitSource,
  type WorkerVersion,
} from '../../api/worker-versions.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatBytes } from '../../components/figures.ts';
import { ButtonLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { InstallBadge, InstallView } from './install-view.tsx';
import { FindingList } from './upload/finding-list.tsx';

interface VersionsTabProps {
  readonly workerId: string;
  /** The expanded version. */
  readonly version: string | undefined;
  readonly page: number;
  readonly onSearch: (search: { readonly version?: string; readonly page?: number }) => void;
}

const languages = { node: 'Node', python: 'Python', go: 'Go' } as const;

function VersionHead({ version }: { readonly version: WorkerVersion }): ReactNode {
  const { versions: texts } = useTexts();
  const { language } = useLanguage();
  const { git, source, package_bytes: bytes, warnings } = version;
  return (
    <Group gap="xs">
      <Text fw={600} component="span">
        {version.version}
      </Text>
      {version.is_current && (
        <Badge variant="light" radius="sm" color="blue">
          {texts.current}
        </Badge>
      )}
      {version.becomes_current && (
        <Badge variant="light" radius="sm" color="gray" tt="none">
          {texts.becomesCurrent}
        </Badge>
      )}
      <InstallBadge install={version.install} />
      {warnings.length > 0 && (
        <Badge color="yellow" variant="light" radius="sm">
          {texts.warnings(warnings.length)}
        </Badge>
      )}
      <Text size="xs" c="dimmed" component="span">
        <Moment seconds={version.created_at} /> · {version.install.runtime || languages[version.language]}
        {bytes > 0 && ` · ${formatBytes(bytes, language)}`} ·{' '}
        {git === null ? texts.origins[source] : texts.fromGit(git.commit.slice(0, 7))}
      </Text>
    </Group>
  );
}

function Origin({ git }: { readonly git: GitSource }): ReactNode {
  const { versions: texts } = useTexts();
  const { url, ref, folder, commit } = git;
  return (
    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
      {url.startsWith('https://') ? (
        <Anchor href={url} target="_blank" rel="noopener noreferrer nofollow" inherit>
          {url}
        </Anchor>
      ) : (
        url
      )}
      {ref !== '' && ` · ${texts.ref(ref)}`}
      {folder !== '' && ` · ${texts.folder(folder)}`} · <Code>{commit}</Code>
    </Text>
  );
}

/** Rolls back to an older version, or chooses one that is being installed. */
function MakeCurrentButton({
  workerId,
  version,
}: {
  readonly workerId: string;
  readonly version: WorkerVersion;
}): ReactNode {
  const { versions: texts } = useTexts();
  const make = useMakeCurrent(workerId, version.version);
  const isUseless = version.is_current || version.becomes_current || version.install.status === 'failed';
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconCheck size={14} />}
        disabled={isUseless}
        loading={make.isPending}
        onClick={() =>
          make.mutate(undefined, {
            onSuccess: ({ is_current: isCurrent }) =>
              isCurrent && notifications.show({ color: 'teal', message: texts.madeCurrent(version.version) }),
          })
        }
      >
        {texts.makeCurrent}
      </Button>
      {make.error !== null && <ErrorNotice error={make.error} />}
    </>
  );
}

function VersionPanel({
  workerId,
  version,
}: {
  readonly workerId: string;
  readonly version: WorkerVersion;
}): ReactNode {
  const { versions: texts, files } = useTexts();
  const { warnings, source, git, description, entry } = version;
  return (
    <Stack>
      {description !== '' && <Text size="sm">{description}</Text>}
      {git !== null && <Origin git={git} />}
      <Group gap="xs">
        <ButtonLink
          to="/workers/$workerId"
          params={{ workerId }}
          search={{ version: version.version }}
          size="xs"
          variant="default"
          leftSection={<IconPlayerPlay size={14} />}
        >
          {texts.run}
        </ButtonLink>
        <ButtonLink
          to="/workers/$workerId/versions/$version"
          params={{ workerId, version: version.version }}
          size="xs"
          variant="default"
          leftSection={<IconFiles size={14} />}
        >
          {files.show}
        </ButtonLink>
        <ButtonLink
          to="/workers/$workerId/versions/$version"
          params={{ workerId, version: version.version }}
          search={{ view: 'changes' }}
          size="xs"
          variant="default"
          leftSection={<IconGitCompare size={14} />}
        >
          {files.compare}
        </ButtonLink>
        <MakeCurrentButton workerId={workerId} version={version} />
        <Button
          component="a"
          href={packageAddress(workerId, version.version)}
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} />}
        >
          {texts.download}
        </Button>
        <Text size="xs" c="dimmed">
          {texts.entry(entry)}
        </Text>
      </Group>
      {warnings.length > 0 && (
        <Alert
          color="yellow"
          icon={<IconAlertTriangle />}
          title={texts.warningsTitle[source]}
          styles={{ message: { maxHeight: '20rem', overflow: 'auto' } }}
        >
          <FindingList findings={warnings} />
        </Alert>
      )}
      <InstallView workerId={workerId} version={version.version} />
    </Stack>
  );
}

function PullButton({ workerId }: { readonly workerId: string }): ReactNode {
  const { versions: texts } = useTexts();
  const pull = useGitPull(workerId);
  const start = (): void =>
    pull.mutate(undefined, {
      onSuccess: ({ is_changed: isChanged, version }) =>
        notifications.show({
          color: isChanged ? 'teal' : 'gray',
          message: isChanged ? texts.pulled(version) : texts.unchanged,
        }),
    });
  return (
    <>
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconGitBranch size={14} />}
          loading={pull.isPending}
          onClick={start}
        >
          {texts.pull}
        </Button>
      </Group>
      {pull.error !== null && <ErrorNotice error={pull.error} />}
    </>
  );
}

export function VersionsTab({ workerId, version: open, page, onSearch }: VersionsTabProps): ReactNode {
  const { data, error, refetch } = useQuery(versionsQuery(workerId, page));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={240} />;
  const pages = Math.ceil(data.count / data.page_size);
  const inPage = page > 1 ? { page } : {};
  return (
    <Stack>
      {data.list.some(({ git }) => git !== null) && <PullButton workerId={workerId} />}
      <Accordion
        variant="separated"
        order={2}
        value={open ?? null}
        onChange={(next) => onSearch({ ...inPage, ...(next !== null && { version: next }) })}
      >
        {data.list.map((version) => (
          <Accordion.Item key={version.version} value={version.version}>
            <Accordion.Control>
              <VersionHead version={version} />
            </Accordion.Control>
            <Accordion.Panel>
              {open === version.version && <VersionPanel workerId={workerId} version={version} />}
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {pages > 1 && (
        <Group justify="center">
          <Pagination total={pages} value={page} onChange={(next) => onSearch({ page: next })} />
        </Group>
      )}
    </Stack>
  );
}
