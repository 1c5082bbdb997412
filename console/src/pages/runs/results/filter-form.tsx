/** The condition on one column. */
import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { filterOperators, type ColumnFilter, type FilterOperator } from '../../../api/row-queries.ts';
import { useTexts } from '../../../texts/texts.tsx';

/** A number becomes a number; anything else is a date, which the server checks. */
function boundOf(text: string): string | number | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) && String(number) === trimmed.replace(/^\+/, '') ? number : trimmed;
}

interface Draft {
  readonly operator: FilterOperator;
  readonly value: string;
  readonly from: string;
  readonly to: string;
}

/** @returns undefined if the draft is no condition */
function filterOf(key: string, { operator, value, from, to }: Draft): ColumnFilter | undefined {
  const [start, end] = [boundOf(from), boundOf(to)];
  switch (operator) {
    case 'contains':
      return value === '' ? undefined : { key, operator, value };
    case 'equals':
      return { key, operator, value };
    case 'empty':
    case 'not_empty':
      return { key, operator };
    case 'range':
      if (start === undefined && end === undefined) return undefined;
      return {
        key,
        operator,
        ...(start !== undefined && { from: start }),
        ...(end !== undefined && { to: end }),
      };
    default:
      return operator satisfies never;
  }
}

interface FilterFormProps {
  readonly columnKey: string;
  readonly filter: ColumnFilter | undefined;
  /** @param filter undefined removes the condition */
  readonly onChange: (filter: ColumnFilter | undefined) => void;
}

export function FilterForm({ columnKey, filter, onChange }: FilterFormProps): ReactNode {
  const { results: texts } = useTexts();
  const [draft, setDraft] = useState<Draft>({
    operator: filter?.operator ?? 'contains',
    value: filter?.value ?? '',
    from: String(filter?.from ?? ''),
    to: String(filter?.to ?? ''),
  });
  const field = (name: 'value' | 'from' | 'to', label: string): ReactNode => (
    <TextInput
      data-autofocus
      aria-label={label}
      placeholder={label}
      maxLength={1000}
      value={draft[name]}
      onChange={({ currentTarget }) => setDraft({ ...draft, [name]: currentTarget.value })}
    />
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onChange(filterOf(columnKey, draft));
      }}
    >
      <Stack gap="xs" w={260}>
        <Select
          aria-label={texts.condition}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          data={filterOperators.map((operator) => ({ value: operator, label: texts.operators[operator] }))}
          value={draft.operator}
          onChange={(operator) => operator !== null && setDraft({ ...draft, operator })}
        />
        {(draft.operator === 'contains' || draft.operator === 'equals') && field('value', texts.value)}
        {draft.operator === 'range' && (
          <Group gap="xs" grow>
            {field('from', texts.from)}
            {field('to', texts.to)}
          </Group>
        )}
        <Group justify="flex-end" gap="xs">
          {filter !== undefined && (
            <Button size="xs" variant="subtle" onClick={() => onChange(undefined)}>
              {texts.removeFilter}
            </Button>
          )}
          <Button size="xs" type="submit">
            {texts.applyFilter}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
