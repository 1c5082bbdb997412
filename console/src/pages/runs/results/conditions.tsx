/** What selects and sorts the shown rows, each with a button that removes it. On one line, so that the table does not move. */
import { Button, CloseButton, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ColumnFilter, RowQuery } from '../../../api/row-queries.ts';
import type { ResultHeader } from '../../../api/run-results.ts';
import type { Texts } from '../../../texts/en/en.ts';
import { useTexts } from '../../../texts/texts.tsx';
import classes from './conditions.module.css';

function conditionText(filter: ColumnFilter, label: string, { results: { conditions } }: Texts): string {
  const { operator, value = '', from, to } = filter;
  switch (operator) {
    case 'contains':
    case 'equals':
      return conditions[operator](label, value);
    case 'empty':
    case 'not_empty':
      return conditions[operator](label);
    case 'range':
      if (from === undefined) return conditions.to(label, String(to));
      return to === undefined
        ? conditions.from(label, String(from))
        : conditions.range(label, String(from), String(to));
    default:
      return operator satisfies never;
  }
}

function Condition({ text, onRemove }: { readonly text: string; readonly onRemove: () => void }): ReactNode {
  const { results: texts } = useTexts();
  return (
    <span className={classes['condition']}>
      <span className={classes['text']} title={text}>
        {text}
      </span>
      <CloseButton size="xs" aria-label={texts.removeCondition(text)} onClick={onRemove} />
    </span>
  );
}

interface ConditionsProps {
  readonly headers: readonly ResultHeader[];
  readonly query: RowQuery;
  readonly onQuery: (query: RowQuery) => void;
}

export function Conditions({ headers, query, onQuery }: ConditionsProps): ReactNode {
  const texts = useTexts();
  const { filter: filters = [], sort, order } = query;
  if (filters.length === 0 && sort === undefined) return null;
  const labelOf = (key: string): string => headers.find((header) => header.key === key)?.label || key;
  const { filter: _filter, sort: _sort, order: _order, ...search } = query;
  return (
    <Group gap={6} wrap="nowrap" className={classes['conditions']}>
      {filters.map((filter) => (
        <Condition
          key={JSON.stringify(filter)}
          text={conditionText(filter, labelOf(filter.key), texts)}
          onRemove={() => {
            const others = filters.filter((each) => each !== filter);
            const { filter: _all, ...rest } = query;
            onQuery({ ...rest, ...(others.length > 0 && { filter: others }) });
          }}
        />
      ))}
      {sort !== undefined && (
        <Condition
          text={texts.results[order === 'desc' ? 'descending' : 'ascending'](labelOf(sort))}
          onRemove={() => onQuery({ ...search, ...(filters.length > 0 && { filter: filters }) })}
        />
      )}
      <Button size="compact-xs" variant="subtle" onClick={() => onQuery(search)} style={{ flex: 'none' }}>
        {texts.results.clear}
      </Button>
    </Group>
  );
}
