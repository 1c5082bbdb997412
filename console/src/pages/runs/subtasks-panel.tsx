/** The subtasks of a run, each with its own status. */
import {
  Badge,
  Button,
  Chip,
  Drawer,
  Group,
  Pagination,
  Paper,
  Skeleton,
  Stack,
  Table,
  Text,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { stringifyJson } from '../../api/lossless-json.ts';
import {
  subtaskInputQuery,
  subtasksAtOnce,
  subtasksQuery,
  subtaskStatuses,
  type Subtask,
  type SubtaskStatus,
} from '../../api/run-parts.ts';
import { CodeBlock } from '../../components/code-block.tsx';
import { headlineText, reasonText } from '../../components/ends.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { formatCount, formatDuration } from '../../components/figures.ts';
import { Moment } from '../../components/moment.tsx';
import { Scroller } from '../../components/scroller.tsx';
import { useLanguage, useTexts } from '../../texts/texts.tsx';

const colors: Readonly<Record<SubtaskStatus, string>> = {
  ready: 'gray',
  running: 'blue',
  succeeded: 'teal',
  failed: 'red',
};

function InputDrawer({
  slug,
  number,
  onClose,
}: {
  readonly slug: string;
  readonly number: number;
  readonly onClose: () => void;
}): ReactNode {
  const { run: texts, common } = useTexts();
  const { data, error } = useQuery(subtaskInputQuery(slug, number));
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={texts.inputOf(number)}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      {error !== null && <ErrorNotice error={error} />}
      {data === undefined ? (
        error === null && <Skeleton h={200} />
      ) : (
        <CodeBlock code={stringifyJson(data, 2)} label={texts.inputOf(number)} copyLabel={texts.copyInput} />
      )}
    </Drawer>
  );
}

interface SubtaskRowProps {
  readonly subtask: Subtask;
  readonly onLog: (number: number) => void;
  readonly onInput: (number: number) => void;
}

function SubtaskRow({ subtask, onLog, onInput }: SubtaskRowProps): ReactNode {
  const all = useTexts();
  const { run: texts, runs } = all;
  const { language } = useLanguage();
  const words = { texts: all, language };
  const { number, status, error_headline: headline } = subtask;
  return (
    <Table.Tr>
      <Table.Td ta="right">{number}</Table.Td>
      <Table.Td>
        <Badge color={colors[status]} variant="light" radius="sm">
          {texts.subtaskStatus[status]}
        </Badge>
      </Table.Td>
      <Table.Td>
        {subtask.started_at === 0 ? runs.notStarted : <Moment seconds={subtask.started_at} />}
      </Table.Td>
      <Table.Td ta="right">{formatDuration(subtask.duration)}</Table.Td>
      <Table.Td ta="right">{formatCount(subtask.results, language)}</Table.Td>
      <Table.Td ta="right">{subtask.attempt}</Table.Td>
      <Table.Td ta="right">{subtask.exit_code < 0 ? '–' : subtask.exit_code}</Table.Td>
      <Table.Td miw={200} style={{ overflowWrap: 'anywhere' }}>
        <Text size="sm" lineClamp={3}>
          {headlineText(subtask, words)}
        </Text>
        {headline !== '' && (
          <Text size="xs" c="dimmed">
            {reasonText(subtask, words)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={texts.logOf(number)}
            onClick={() => onLog(number)}
          >
            {texts.tabs.log}
          </Button>
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={texts.inputOf(number)}
            onClick={() => onInput(number)}
          >
            {texts.tabs.input}
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

interface SubtasksPanelProps {
  readonly slug: string;
  /** Whether the run is still going on. */
  readonly isLive: boolean;
  /** The status to show; all if undefined. */
  readonly status: SubtaskStatus | undefined;
  readonly onStatus: (status: SubtaskStatus | undefined) => void;
  /** Shows the log lines of one subtask. */
  readonly onLog: (number: number) => void;
}

export function SubtasksPanel({ slug, isLive, status, onStatus, onLog }: SubtasksPanelProps): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  const [page, setPage] = useState(1);
  const [opened, setOpened] = useState<number>();
  const { data, error, refetch } = useQuery(subtasksQuery(slug, { status, page }, isLive));
  if (error !== null) return <ErrorNotice error={error} onRetry={() => void refetch()} />;
  if (data === undefined) return <Skeleton h={320} />;
  const all = Object.values(data.counts).reduce((sum, count) => sum + count, 0);
  const pages = Math.ceil(data.count / subtasksAtOnce);
  return (
    <Stack gap="xs">
      <Chip.Group
        value={status ?? ''}
        onChange={(value) => {
          onStatus(subtaskStatuses.find((name) => name === value));
          setPage(1);
        }}
      >
        <Group gap={6} role="radiogroup" aria-label={texts.statusFilter}>
          <Chip value="" size="xs" variant="light" radius="sm">
            {texts.allStatuses} {formatCount(all, language)}
          </Chip>
          {subtaskStatuses.map((name) => (
            <Chip key={name} value={name} size="xs" variant="light" radius="sm">
              {texts.subtaskStatus[name]} {formatCount(data.counts[name], language)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Paper withBorder>
        {data.list.length === 0 ? (
          <EmptyState title={texts.noSubtask} />
        ) : (
          <Scroller label={texts.tabs.subtasks}>
            <Table verticalSpacing={6} highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th ta="right">{texts.number}</Table.Th>
                  <Table.Th>{texts.status}</Table.Th>
                  <Table.Th>{texts.created}</Table.Th>
                  <Table.Th ta="right">{texts.duration}</Table.Th>
                  <Table.Th ta="right">{texts.rows}</Table.Th>
                  <Table.Th ta="right">{texts.attempt}</Table.Th>
                  <Table.Th ta="right" style={{ whiteSpace: 'nowrap' }}>
                    {texts.exitCode}
                  </Table.Th>
                  <Table.Th>{texts.reason}</Table.Th>
                  <Table.Td />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.list.map((subtask) => (
                  <SubtaskRow key={subtask.number} subtask={subtask} onLog={onLog} onInput={setOpened} />
                ))}
              </Table.Tbody>
            </Table>
          </Scroller>
        )}
      </Paper>
      {pages > 1 && (
        <Group justify="center">
          <Pagination
            size="sm"
            total={pages}
            value={page}
            onChange={setPage}
            getItemProps={(number) => ({ 'aria-label': `${texts.page} ${number}` })}
            getControlProps={(control) => ({ 'aria-label': control })}
          />
        </Group>
      )}
      {opened !== undefined && (
        <InputDrawer slug={slug} number={opened} onClose={() => setOpened(undefined)} />
      )}
    </Stack>
  );
}
