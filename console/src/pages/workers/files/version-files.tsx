/** The files of a version, read-only. */
import { Alert, Grid, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { versionFileQuery, versionFilesQuery } from '../../../api/version-files.ts';
import { Code } from '../../../components/code/code.tsx';
import { CopyButton } from '../../../components/copy-button.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatBytes } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { FileList } from './file-list.tsx';

interface VersionFilesProps {
  readonly workerId: string;
  readonly version: string;
  /** Path of the open file; the entry if absent. */
  readonly file: string | undefined;
  readonly onOpen: (file: string) => void;
}

function OpenFile({
  workerId,
  version,
  file,
}: Omit<VersionFilesProps, 'onOpen' | 'file'> & { readonly file: string }): ReactNode {
  const { files: texts } = useTexts();
  const { language } = useLanguage();
  const { data, error, refetch } = useQuery(versionFileQuery(workerId, version, file));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          <b>{file}</b> · {formatBytes(data.bytes, language)}
        </Text>
        {data.is_text && <CopyButton text={data.content} />}
      </Group>
      {data.is_truncated && <Alert color="gray">{texts.truncated}</Alert>}
      {data.is_text ? (
        <Code file={file} value={data.content} label={texts.contentOf(file)} />
      ) : (
        <Alert color="gray">{texts.binary}</Alert>
      )}
    </Stack>
  );
}

/** Files that readers probably look for first. */
function firstFile(paths: readonly string[]): string | undefined {
  return paths.find((path) => /^main\.(?:js|ts|py)$/.test(path)) ?? paths[0];
}

export function VersionFiles({ workerId, version, file, onOpen }: VersionFilesProps): ReactNode {
  const { files: texts } = useTexts();
  const { data, error, refetch } = useQuery(versionFilesQuery(workerId, version));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={400} />;
  const open = file ?? firstFile(data.list.map(({ path }) => path));
  return (
    <Grid>
      <Grid.Col span={{ base: 12, sm: 4, lg: 3 }}>
        <FileList files={data.list} open={open} label={texts.title} onOpen={onOpen} />
        {data.count > data.list.length && (
          <Text size="xs" c="dimmed" mt="xs">
            {texts.notListed(data.count - data.list.length)}
          </Text>
        )}
      </Grid.Col>
      <Grid.Col span={{ base: 12, sm: 8, lg: 9 }}>
        {open !== undefined && <OpenFile workerId={workerId} version={version} file={open} />}
      </Grid.Col>
    </Grid>
  );
}
