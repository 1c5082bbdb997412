/** The controls of a log: words, levels, subtask, following, wrapping. */
import { ActionIcon, Anchor, Checkbox, Chip, Group, NumberInput, Text, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconSearch } from '@tabler/icons-react';
import type { ReactNode, RefObject } from 'react';
import { logTypes, wholeLogPath, type LogCounts, type LogType } from '../../../api/run-log.ts';
import { formatCount } from '../../../components/figures.ts';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';

export interface LogView {
  readonly words: string;
  readonly isOnlyMatches: boolean;
  readonly levels: readonly LogType[];
  readonly subtask: number | undefined;
  readonly isWrapped: boolean;
}

interface LogToolbarProps {
  readonly slug: string;
  readonly view: LogView;
  readonly onChange: (change: Partial<LogView>) => void;
  readonly lines: LogCounts | undefined;
  readonly isFollowing: boolean;
  readonly onFollow: (isFollowing: boolean) => void;
  /** Position of the search, such as "3 of 12". */
  readonly place: string;
  readonly onStep: (step: 1 | -1) => void;
  readonly search: RefObject<HTMLInputElement | null>;
}

function countOf(lines: LogCounts | undefined, level: LogType): number {
  if (lines === undefined) return 0;
  return { 1: lines.debug, 2: lines.info, 3: lines.warn, 4: lines.error }[level];
}

function SearchField(props: LogToolbarProps): ReactNode {
  const { run: texts } = useTexts();
  const { view, onChange, onStep, search } = props;
  const canStep = view.words !== '' && !view.isOnlyMatches;
  return (
    <Group gap={4} flex={1} miw="15rem" wrap="nowrap">
      <TextInput
        ref={search}
        flex={1}
        size="sm"
        leftSection={<IconSearch size={16} />}
        rightSection={
          view.words !== '' && (
            <Text component="output" size="xs" c="dimmed" px={6} style={{ whiteSpace: 'nowrap' }}>
              {props.place}
            </Text>
          )
        }
        rightSectionWidth={view.words === '' ? undefined : 'auto'}
        placeholder={texts.searchLog}
        aria-label={texts.searchLog}
        aria-keyshortcuts="/"
        value={view.words}
        onChange={(event) => onChange({ words: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            onChange({ words: '' });
            event.currentTarget.blur();
          }
          if (event.key === 'Enter' && canStep) onStep(event.shiftKey ? -1 : 1);
        }}
        maxLength={200}
      />
      <ActionIcon
        variant="default"
        size={36}
        aria-label={texts.previousMatch}
        disabled={!canStep}
        onClick={() => onStep(-1)}
      >
        <IconChevronUp size={16} />
      </ActionIcon>
      <ActionIcon
        variant="default"
        size={36}
        aria-label={texts.nextMatch}
        disabled={!canStep}
        onClick={() => onStep(1)}
      >
        <IconChevronDown size={16} />
      </ActionIcon>
    </Group>
  );
}

function LevelChips({ view, onChange, lines }: LogToolbarProps): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  return (
    <Chip.Group
      multiple
      value={view.levels.map(String)}
      onChange={(values) => onChange({ levels: values.map((value) => Number(value) as LogType) })}
    >
      <Group component="fieldset" gap={6} m={0} p={0} bd={0} aria-label={texts.levelsLabel}>
        {logTypes.map((level) => (
          <Chip key={level} value={String(level)} size="xs" variant="light" radius="sm">
            {texts.levels[level]} {formatCount(countOf(lines, level), language)}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  );
}

export function LogToolbar(props: LogToolbarProps): ReactNode {
  const { run: texts } = useTexts();
  const { slug, view, onChange } = props;
  const openWhole = async (): Promise<void> => {
    // Opened at once: browsers block pop-ups that do not follow directly from a click.
    const tab = window.open('', '_blank');
    const path = await wholeLogPath(slug);
    if (tab === null) window.location.assign(path);
    else tab.location.replace(path);
  };
  return (
    <>
      <Group gap="sm">
        <SearchField {...props} />
        <NumberInput
          w={130}
          size="sm"
          min={1}
          allowDecimal={false}
          allowNegative={false}
          hideControls
          placeholder={texts.allSubtasks}
          aria-label={texts.subtaskNumber}
          value={view.subtask ?? ''}
          onChange={(value) =>
            onChange({ subtask: typeof value === 'number' && value > 0 ? value : undefined })
          }
        />
      </Group>
      <Group gap="md" justify="space-between">
        <LevelChips {...props} />
        <Group gap="md">
          <Checkbox
            size="xs"
            label={texts.onlyMatches}
            disabled={view.words === ''}
            checked={view.isOnlyMatches}
            onChange={(event) => onChange({ isOnlyMatches: event.currentTarget.checked })}
          />
          <Checkbox
            size="xs"
            label={texts.wrap}
            checked={view.isWrapped}
            onChange={(event) => onChange({ isWrapped: event.currentTarget.checked })}
          />
          <Checkbox
            size="xs"
            label={texts.follow}
            aria-keyshortcuts="f"
            checked={props.isFollowing}
            onChange={(event) => props.onFollow(event.currentTarget.checked)}
          />
          <Anchor component="button" size="xs" onClick={() => void openWhole()}>
            {texts.wholeLog}
          </Anchor>
        </Group>
      </Group>
    </>
  );
}
