/** A JSON value as a tree that opens level by level. Strings are shown as plain text, never as markup. */
import { Anchor, Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { pictureAddress } from '../../../src/results/pictures.ts';
import { isJsonObject, stringifyJson } from '../api/lossless-json.ts';
import { useTexts } from '../texts/texts.tsx';
import classes from './value-tree.module.css';

/** Members of a list or object shown at first, and added with each click on "more". */
const membersAtOnce = 200;
/** Number of characters shown at first. Each click on "more" shows ten times as many. */
const charactersAtOnce = 5000;
const linkPattern = /^https?:\/\/\S+$/i;

function membersOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (Array.isArray(value)) return value.map((item: unknown, index) => [String(index), item] as const);
  return isJsonObject(value) ? Object.entries(value) : undefined;
}

function LeafText({ text }: { readonly text: string }): ReactNode {
  const { common } = useTexts();
  const [shown, setShown] = useState(charactersAtOnce);
  return (
    <span className={classes['value']}>
      {text.slice(0, shown)}
      {text.length > shown && (
        <>
          {'… '}
          <Button size="compact-xs" variant="subtle" onClick={() => setShown(shown * 10)}>
            {common.more}
          </Button>
        </>
      )}
    </span>
  );
}

function Leaf({ value }: { readonly value: unknown }): ReactNode {
  if (typeof value === 'string' && linkPattern.test(value)) {
    return (
      <Anchor
        href={value}
        target="_blank"
        rel="noopener noreferrer nofollow"
        inherit
        className={classes['value']}
      >
        {value}
      </Anchor>
    );
  }
  const picture = typeof value === 'string' ? pictureAddress(value) : undefined;
  if (picture !== undefined) return <img className={classes['picture']} src={picture} alt="" />;
  return <LeafText text={stringifyJson(value)} />;
}

function Members({ members }: { readonly members: readonly (readonly [string, unknown])[] }): ReactNode {
  const { common } = useTexts();
  const [shown, setShown] = useState(membersAtOnce);
  return (
    <ul>
      {members.slice(0, shown).map(([key, value]) => (
        <li key={key}>
          <Node name={key} value={value} isOpen={false} />
        </li>
      ))}
      {members.length > shown && (
        <li>
          <Button size="compact-xs" variant="subtle" onClick={() => setShown(shown + membersAtOnce)}>
            {common.more}
          </Button>
        </li>
      )}
    </ul>
  );
}

function Node({
  name,
  value,
  isOpen,
}: {
  readonly name: string;
  readonly value: unknown;
  readonly isOpen: boolean;
}): ReactNode {
  const { run: texts } = useTexts();
  const [isShown, setShown] = useState(isOpen);
  const members = membersOf(value);
  if (members === undefined || members.length === 0) {
    return (
      <>
        <span className={classes['key']}>{name}</span>: <Leaf value={value} />
      </>
    );
  }
  const note = Array.isArray(value) ? texts.items(members.length) : texts.fields(members.length);
  return (
    <details open={isShown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <span className={classes['key']}>{name}</span> <span className={classes['note']}>{note}</span>
      </summary>
      {isShown && <Members members={members} />}
    </details>
  );
}

/** The members of a list or object, collapsed at first. */
export function ValueTree({ value }: { readonly value: object }): ReactNode {
  return (
    <div className={classes['tree']}>
      <Members members={membersOf(value) ?? []} />
    </div>
  );
}
