/** What changed from one version to another: files line by line, dependencies, input fields. */
import { Alert, Badge, Code as InlineCode, Grid, List, Select, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import {
  versionChangesQuery,
  versionFileQuery,
  type ChangedEntry,
  type VersionChanges as Changes,
} from '../../../api/version-files.ts';
import { newestVersionsQuery } from '../../../api/worker-versions.ts';
import { Diff } from '../../../components/code/code.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { Panel } from '../../../components/panel.tsx';
import { useTexts } from '../../../texts/texts.tsx';
import { FileList } from './file-list.tsx';

interface VersionChangesProps {
  readonly workerId: string;
  readonly version: string;
  /** The version before; the one published before this one if absent. */
  readonly since: string | undefined;
  /** Path of the open file. */
  readonly file: string | undefined;
  readonly onSearch: (search: { readonly since?: string; readonly file?: string }) => void;
}

type FileChange = Changes['files'][number];

const colors = { added: 'teal', removed: 'red', changed: 'gray' } as const;

function ChangeBadge({ change }: Pick<FileChange, 'change'>): ReactNode {
  const { files: texts } = useTexts();
  return (
    <Badge size="xs" radius="sm" variant="light" color={colors[change]} tt="none">
      {texts.changes[change]}
    </Badge>
  );
}

function ChangedFile({
  workerId,
  changes: { base, version },
  changed: { path, change },
}: {
  readonly workerId: string;
  readonly changes: Changes;
  readonly changed: FileChange;
}): ReactNode {
  const { files: texts } = useTexts();
  const before = useQuery({ ...versionFileQuery(workerId, base, path), enabled: change !== 'added' });
  const after = useQuery({ ...versionFileQuery(workerId, version, path), enabled: change !== 'removed' });
  const error = before.error ?? after.error;
  if (error !== null) return <ErrorNotice error={error} />;
  if (before.isLoading || after.isLoading) return <Skeleton h={320} />;
  const sides = [before.data, after.data].filter((side) => side !== undefined);
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
        {path}
      </Text>
      {sides.some((side) => side.is_truncated) && <Alert color="gray">{texts.truncated}</Alert>}
      {sides.every((side) => side.is_text) ? (
        <Diff
          file={path}
          before={before.data?.content ?? ''}
          after={after.data?.content ?? ''}
          label={texts.changesOf(path)}
        />
      ) : (
        <Alert color="gray">{texts.binaryChanged}</Alert>
      )}
    </Stack>
  );
}

function Entries({
  title,
  entries,
  hasValues,
}: {
  readonly title: string;
  readonly entries: readonly ChangedEntry[];
  readonly hasValues: boolean;
}): ReactNode {
  if (entries.length === 0) return null;
  return (
    <Panel title={title}>
      <List size="sm" spacing={4} listStyleType="none">
        {entries.map(({ name, change, before, after }) => (
          <List.Item key={name} style={{ overflowWrap: 'anywhere' }}>
            <ChangeBadge change={change} /> {name}
            {hasValues && before !== '' && (
              <>
                {' '}
                <InlineCode>{before}</InlineCode>
              </>
            )}
            {hasValues && change === 'changed' && ' → '}
            {hasValues && after !== '' && (
              <>
                {' '}
                <InlineCode>{after}</InlineCode>
              </>
            )}
          </List.Item>
        ))}
      </List>
    </Panel>
  );
}

function ChangesView(props: Omit<VersionChangesProps, 'since'> & { readonly changes: Changes }): ReactNode {
  const { workerId, changes, file, onSearch } = props;
  const { files: texts } = useTexts();
  if (changes.count === 0) return <Text c="dimmed">{texts.noChanges}</Text>;
  const open = changes.files.find(({ path }) => path === file) ?? changes.files[0];
  return (
    <Stack>
      <Entries title={texts.dependencies} entries={changes.dependencies} hasValues />
      <Entries title={texts.inputFields} entries={changes.input_fields} hasValues={false} />
      <Grid>
        <Grid.Col span={{ base: 12, sm: 4, lg: 3 }}>
          <FileList
            files={changes.files.map(({ path, change }) => ({ path, mark: <ChangeBadge change={change} /> }))}
            open={open?.path}
            label={texts.changedFiles}
            onOpen={(path) => onSearch({ since: changes.base, file: path })}
          />
          {changes.count > changes.files.length && (
            <Text size="xs" c="dimmed" mt="xs">
              {texts.notListed(changes.count - changes.files.length)}
            </Text>
          )}
        </Grid.Col>
        <Grid.Col span={{ base: 12, sm: 8, lg: 9 }}>
          {open !== undefined && (
            <ChangedFile key={open.path} workerId={workerId} changes={changes} changed={open} />
          )}
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

export function VersionChanges({ since: wanted, ...props }: VersionChangesProps): ReactNode {
  const { workerId, version, onSearch } = props;
  const { files: texts } = useTexts();
  const versions = useQuery(newestVersionsQuery(workerId));
  const names = versions.data?.map((listed) => listed.version) ?? [];
  const since = wanted ?? names[names.indexOf(version) + 1];
  const { data, error, refetch } = useQuery({
    ...versionChangesQuery(workerId, version, since ?? ''),
    enabled: since !== undefined,
  });
  if (versions.data === undefined) return <Skeleton h={400} />;
  const others = names.filter((name) => name !== version);
  if (others.length === 0) return <Text c="dimmed">{texts.onlyVersion}</Text>;
  return (
    <Stack>
      <Select
        label={texts.compareWith}
        w="14rem"
        data={others}
        value={since ?? null}
        allowDeselect={false}
        onChange={(next) => next !== null && onSearch({ since: next })}
      />
      {since === undefined && <Text c="dimmed">{texts.oldestVersion}</Text>}
      {error !== null && <ErrorNotice error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && since !== undefined && <Skeleton h={400} />}
      {data !== undefined && <ChangesView {...props} changes={data} />}
    </Stack>
  );
}
