/** One complete row, as a tree and as JSON. */
import { ActionIcon, Drawer, Group, SegmentedControl, Skeleton, Stack } from '@mantine/core';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { stringifyJson } from '../../../api/lossless-json.ts';
import { dataIdKey, rowNumber, rowQuery } from '../../../api/run-results.ts';
import { CodeBlock } from '../../../components/code-block.tsx';
import { ErrorNotice } from '../../../components/error-notice.tsx';
import { formatCount } from '../../../components/figures.ts';
import { ValueTree } from '../../../components/value-tree.tsx';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';

/** Longer JSON, for example with pictures, is shown in part but copied as a whole. */
const shownCharacters = 200_000;

interface RowDrawerProps {
  readonly slug: string;
  readonly words: string;
  /** Index among the shown rows, 0-based. */
  readonly index: number;
  /** Number of shown rows. */
  readonly count: number;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

export function RowDrawer({ slug, words, index, count, onMove, onClose }: RowDrawerProps): ReactNode {
  const { run: texts, common } = useTexts();
  const { language } = useLanguage();
  const [form, setForm] = useState('tree');
  const { data: row, error } = useQuery(rowQuery(slug, words, index));
  const { [dataIdKey]: _id, ...values } = row ?? {};
  const json = stringifyJson(values, 2);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={row === undefined ? '…' : texts.rowTitle(formatCount(rowNumber(row), language))}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Stack gap="sm">
        <Group justify="space-between">
          <SegmentedControl
            size="xs"
            value={form}
            onChange={setForm}
            data={[
              { value: 'tree', label: texts.rowTree },
              { value: 'json', label: texts.rowJson },
            ]}
          />
          <Group gap={4}>
            <ActionIcon
              variant="default"
              aria-label={texts.previousRow}
              disabled={index === 0}
              onClick={() => onMove(index - 1)}
            >
              <IconChevronUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="default"
              aria-label={texts.nextRow}
              disabled={index + 1 >= count}
              onClick={() => onMove(index + 1)}
            >
              <IconChevronDown size={16} />
            </ActionIcon>
          </Group>
        </Group>
        {error !== null && <ErrorNotice error={error} />}
        {row === undefined ? (
          error === null && <Skeleton h={200} />
        ) : form === 'json' ? (
          <CodeBlock
            code={json.length > shownCharacters ? `${json.slice(0, shownCharacters)}…` : json}
            copied={json}
            label={texts.rowJson}
            copyLabel={texts.copyRow}
          />
        ) : (
          <ValueTree value={values} />
        )}
      </Stack>
    </Drawer>
  );
}
