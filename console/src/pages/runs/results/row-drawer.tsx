/** One complete row, as a tree and as JSON. */
import { ActionIcon, Drawer, Group, SegmentedControl, Skeleton, Stack } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconArrowsHorizontal, IconChevronDown, IconChevronUp } from '@tabler/icons-react';
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
  /** Number of the row within its run, from 1. */
  readonly number: number;
  /** Undefined if there is none, or it is unknown. */
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
  readonly onClose: () => void;
}

export function RowDrawer({ slug, number, onPrevious, onNext, onClose }: RowDrawerProps): ReactNode {
  const { run: texts, results, common } = useTexts();
  const { language } = useLanguage();
  const [form, setForm] = useState('tree');
  const [isWide, setWide] = useLocalStorage({
    key: 'chela.wide-row',
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  const { data: row, error } = useQuery(rowQuery(slug, number));
  const { [dataIdKey]: _id, ...values } = row ?? {};
  const json = stringifyJson(values, 2);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={isWide ? '100%' : 'lg'}
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
              variant={isWide ? 'filled' : 'default'}
              aria-label={results.wideRow}
              aria-pressed={isWide}
              visibleFrom="sm"
              onClick={() => setWide(!isWide)}
            >
              <IconArrowsHorizontal size={16} />
            </ActionIcon>
            <ActionIcon
              variant="default"
              aria-label={texts.previousRow}
              disabled={onPrevious === undefined}
              onClick={onPrevious}
            >
              <IconChevronUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="default"
              aria-label={texts.nextRow}
              disabled={onNext === undefined}
              onClick={onNext}
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
