/** The files that the workers of a run keep. */
import { Anchor, Button, Paper, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import {
  fileAddress,
  filesAtOnce,
  filesQuery,
  fileTextQuery,
  shownTextBytes,
  type RunFile,
} from '../../api/run-files.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatBytes } from '../../components/figures.ts';
import { ListPager } from '../../components/list-pager.tsx';
import { AnchorLink } from '../../components/links.tsx';
import { Moment } from '../../components/moment.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';
import { PictureCell } from './results/picture-cell.tsx';

const pictureTypes = new Set(['image/avif', 'image/gif', 'image/jpeg', 'image/png', 'image/webp']);
/** A larger picture is only downloaded. */
const pictureLimitBytes = 16 * 1024 * 1024;

function isText(type: string): boolean {
  return /^(?:text\/|application\/(?:json|jsonl|xml|javascript)\b)/.test(type);
}

interface FileProps {
  readonly slug: string;
  readonly file: RunFile;
}

function TextPreview({ slug, file, onClose }: FileProps & { readonly onClose: () => void }): ReactNode {
  const { run: texts } = useTexts();
  const { data, error } = useQuery(fileTextQuery(slug, file.name, file.sha256));
  return (
    <Dialog onClose={onClose} title={file.name} size="xl">
      {error !== null && <ErrorNotice error={error} />}
      {data === undefined ? (
        error === null && <Skeleton h={200} />
      ) : (
        <CodeBlock code={data} label={file.name} />
      )}
      {file.size_bytes > shownTextBytes && (
        <Text size="xs" c="dimmed">
          {texts.fileCut}
        </Text>
      )}
    </Dialog>
  );
}

function Preview({ slug, file }: FileProps): ReactNode {
  const { run: texts } = useTexts();
  const [isOpen, setOpen] = useState(false);
  const { name, size_bytes: size, content_type: type } = file;
  if (pictureTypes.has(type) && size <= pictureLimitBytes)
    return <PictureCell label={name} address={fileAddress(slug, name)} whole={undefined} />;
  if (!isText(type) || size === 0) return null;
  return (
    <>
      <Button
        size="compact-xs"
        variant="subtle"
        aria-label={texts.previewOf(name)}
        onClick={() => setOpen(true)}
      >
        {texts.preview}
      </Button>
      {isOpen && <TextPreview slug={slug} file={file} onClose={() => setOpen(false)} />}
    </>
  );
}

function FileRow({ slug, file }: FileProps): ReactNode {
  const { language } = useLanguage();
  const { name, size_bytes: size, content_type: type, kept_at: keptAt, subtask } = file;
  return (
    <Table.Tr>
      <Table.Td w={110}>
        <Preview slug={slug} file={file} />
      </Table.Td>
      <Table.Td miw={200} style={{ overflowWrap: 'anywhere' }}>
        <Anchor href={fileAddress(slug, name)} download={name.slice(name.lastIndexOf('/') + 1)} size="sm">
          {name}
        </Anchor>
      </Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
        {formatBytes(size, language)}
      </Table.Td>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{type}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Moment seconds={keptAt} />
      </Table.Td>
      <Table.Td ta="right">{subtask}</Table.Td>
    </Table.Tr>
  );
}

interface FilesPanelProps {
  readonly slug: string;
  /** Whether the run is still going on. */
  readonly isLive: boolean;
}

export function FilesPanel({ slug, isLive }: FilesPanelProps): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const [page, setPage] = useState(1);
  const { data, error, refetch } = useQuery(filesQuery(slug, page, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  if (data.count === 0)
    return (
      <Paper withBorder>
        <EmptyState title={texts.noFilesTitle}>
          {texts.noFiles}{' '}
          <AnchorLink to="/docs/$guide" params={{ guide: 'files' }}>
            {texts.filesGuide}
          </AnchorLink>
        </EmptyState>
      </Paper>
    );
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {texts.filesSize(formatBytes(data.size_bytes, language))}
      </Text>
      <Paper withBorder>
        <Scroller label={texts.tabs.files}>
          <Table verticalSpacing={6} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Td />
                <Table.Th>{texts.fileName}</Table.Th>
                <Table.Th ta="right">{texts.fileSize}</Table.Th>
                <Table.Th>{texts.fileType}</Table.Th>
                <Table.Th>{texts.time}</Table.Th>
                <Table.Th ta="right">{texts.subtaskNumber}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.list.map((file) => (
                <FileRow key={file.name} slug={slug} file={file} />
              ))}
            </Table.Tbody>
          </Table>
        </Scroller>
      </Paper>
      <ListPager count={data.count} page={page} size={filesAtOnce} onPage={setPage} />
    </Stack>
  );
}
