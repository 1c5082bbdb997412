/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a drawing is no picture from a file */
/** One value of a row, on one line. Strings are shown as plain text, never as markup. */
import { Anchor, Popover, ScrollArea, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import { fileAddress } from '../../../api/run-files.ts';
import { stringifyJson } from '../../../api/lossless-json.ts';
import { textPieces } from '../../../components/text-pieces.ts';
import { ValueTree } from '../../../components/value-tree.tsx';
import { useLanguage, useTexts } from '../../../texts/texts.tsx';
import { PictureCell, type WholeValue } from './picture-cell.tsx';
import classes from './result-grid.module.css';
import type { ShownValue } from './result-value.ts';

/** Maximum number of characters in a cell; the row's drawer shows the rest. */
const shownCharacters = 300;
/** Files that are shown as pictures. */
const pictureEnding = /\.(?:avif|gif|jpe?g|png|webp)$/i;

function NestedValue({
  label,
  shown,
  isCut,
  words,
}: {
  readonly label: string;
  readonly shown: ShownValue & { kind: 'nested' };
  readonly isCut: boolean;
  readonly words: string;
}): ReactNode {
  const { run: texts } = useTexts();
  const note = shown.isList ? texts.items(shown.count) : texts.fields(shown.count);
  return (
    <Popover width={420} position="bottom-start" shadow="md" withinPortal trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes['nested']}>
          <VisuallyHidden>{texts.expand(label)}, </VisuallyHidden>
          <span className={classes['note']}>{note}</span>{' '}
          <Marked text={stringifyJson(shown.value).slice(0, shownCharacters)} words={words} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={360}>
          {isCut && (
            <Text size="xs" c="dimmed">
              {texts.longTextsCut}
            </Text>
          )}
          <ValueTree value={shown.value} />
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ResultCellProps {
  /** The run of the row. */
  readonly slug: string;
  readonly label: string;
  readonly shown: ShownValue;
  /** Location of the whole value, if it was cut. */
  readonly whole: WholeValue | undefined;
  /** To mark in texts; `''` for none. */
  readonly words: string;
}

/** Text on one line, with marked words. */
function Marked({ text, words }: { readonly text: string; readonly words: string }): ReactNode {
  if (words === '') return text;
  return textPieces(text, [], words).map(({ start, text: piece, isMarked }) =>
    isMarked ? <mark key={start}>{piece}</mark> : <Fragment key={start}>{piece}</Fragment>,
  );
}

export function ResultCell({ slug, label, shown, whole, words }: ResultCellProps): ReactNode {
  const { run: texts } = useTexts();
  const { language } = useLanguage();
  switch (shown.kind) {
    case 'nothing':
      return (
        <Text span inherit c="dimmed">
          –
        </Text>
      );
    case 'text':
    case 'number':
      return (
        <span title={shown.text.slice(0, shownCharacters)}>
          <Marked text={shown.text.slice(0, shownCharacters)} words={words} />
        </span>
      );
    case 'boolean':
      return shown.isTrue ? (
        <IconCheck
          size={16}
          color="var(--mantine-color-teal-light-color)"
          aria-label={texts.yes}
          role="img"
        />
      ) : (
        <IconX size={16} color="var(--mantine-color-dimmed)" aria-label={texts.no} role="img" />
      );
    case 'moment': {
      const format = shown.hasTime
        ? new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })
        : new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
      return (
        <time title={shown.text} dateTime={shown.moment.toISOString()}>
          {format.format(shown.moment)}
        </time>
      );
    }
    case 'link':
      return (
        <Anchor
          href={shown.text}
          target="_blank"
          rel="noopener noreferrer nofollow"
          inherit
          title={shown.text}
        >
          <Marked text={shown.text} words={words} />
        </Anchor>
      );
    case 'picture':
      return <PictureCell label={label} address={shown.address} whole={whole} />;
    case 'file': {
      const address = fileAddress(slug, shown.name);
      if (pictureEnding.test(shown.name))
        return <PictureCell label={label} address={address} whole={undefined} />;
      return (
        <Anchor
          href={address}
          download={shown.name.slice(shown.name.lastIndexOf('/') + 1)}
          inherit
          title={shown.name}
        >
          {shown.name}
        </Anchor>
      );
    }
    case 'nested':
      return <NestedValue label={label} shown={shown} isCut={whole !== undefined} words={words} />;
    default:
      return shown satisfies never;
  }
}
