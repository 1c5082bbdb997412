/** The form that the edited input schema makes, filled in for a run. */
import { Alert, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useEffectEvent, useMemo, useState, type ReactNode } from 'react';
import { readInputSchema, type InputSchema } from '../../../api/input-schema.ts';
import { isJsonObject, parseJson, stringifyJson } from '../../../api/lossless-json.ts';
import type { RunRequest } from '../../../api/run-inputs.ts';
import { useTexts } from '../../../texts/texts.tsx';
import { FormSections } from '../form/form-sections.tsx';
import { formValues, inputOf, type FormValues } from '../form/input-values.ts';
import { useRunForm } from '../form/use-run-form.ts';

/** @returns the request of a run with the entered input; undefined if there are problems, which are then shown */
export type ReadRequest = () => RunRequest | undefined;

type Input = Record<string, unknown>;

interface FilledFormProps {
  readonly schema: InputSchema;
  /** Input from the form of an earlier schema; undefined for the defaults. */
  readonly input: Input | undefined;
  /** Called with the function that reads the form. */
  readonly onRead: (read: ReadRequest) => void;
  readonly onInput: (input: Input) => void;
}

const typingMilliseconds = 250;

function FilledForm({ schema, input, onRead, onInput }: FilledFormProps): ReactNode {
  const { inputForm: texts } = useTexts();
  const [filling] = useState(() => ({ origin: '', custom: input, system: {}, version: '' }));
  const form = useRunForm({ workerId: 'editor', version: '', schema, filling, isKept: false });
  const { checkedRequest, isEdited, values } = form;
  useEffect(() => onRead(checkedRequest));
  const keep = useEffectEvent((current: FormValues) => {
    if (!isEdited && input === undefined) return;
    try {
      onInput(inputOf(schema, current));
    } catch {
      // A field for JSON is being typed in.
    }
  });
  useEffect(() => keep(values), [values]);
  return (
    <Stack>
      {schema.description && <Text size="sm">{schema.description}</Text>}
      {schema.properties.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noFields}
        </Text>
      )}
      <FormSections
        properties={schema.properties}
        values={form.values}
        problems={form.problems}
        focus={form.focus}
        onChange={form.change}
      />
    </Stack>
  );
}

/** What was entered before, for the fields that still exist; other fields have their defaults. */
function carriedOver(before: Input | undefined, schema: InputSchema): Input | undefined {
  if (before === undefined) return undefined;
  const names = new Set(schema.properties.map(({ name }) => name));
  const kept = Object.entries(before).filter(([name]) => names.has(name));
  return { ...inputOf(schema, formValues(schema)), ...Object.fromEntries(kept) };
}

interface ParsedSchema {
  readonly schema?: InputSchema;
  /** Why there is none. */
  readonly problem?: string;
}

function parsed(text: string): ParsedSchema {
  try {
    return { schema: readInputSchema(text.trim() === '' ? {} : parseJson(text.replace(/^\uFEFF/, ''))) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** What was entered before a reload. */
function keptInput(key: string): Input | undefined {
  try {
    const kept = parseJson(sessionStorage.getItem(key) ?? '');
    return isJsonObject(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** An input that is too large for the browser's storage is not kept. */
function keepInput(key: string, input: Input): void {
  try {
    sessionStorage.setItem(key, stringifyJson(input));
  } catch {
    sessionStorage.removeItem(key);
  }
}

interface FormPreviewProps {
  /** Names the storage in which the entered input survives a reload. */
  readonly draftKey: string;
  /** Text of input_schema.json; '' if there is none. */
  readonly text: string;
  /** Called with the function that reads the form. */
  readonly onRead: (read: ReadRequest) => void;
}

export function FormPreview({ draftKey, text, onRead }: FormPreviewProps): ReactNode {
  const { editor: texts } = useTexts();
  const [settled] = useDebouncedValue(text, typingMilliseconds);
  const { schema, problem } = useMemo(() => parsed(settled), [settled]);
  /** The last schema that could be read is shown while the text is not JSON. */
  const [shown, setShown] = useState({ schema, text: settled });
  if (schema !== undefined && shown.text !== settled) setShown({ schema, text: settled });
  const [entered, setEntered] = useState(() => keptInput(draftKey));
  return (
    <Stack>
      {problem !== undefined && (
        <Alert color="yellow" style={{ overflowWrap: 'anywhere' }}>
          {texts.brokenSchema(problem)}
        </Alert>
      )}
      {shown.schema !== undefined && (
        <FilledForm
          key={shown.text}
          schema={shown.schema}
          input={carriedOver(entered, shown.schema)}
          onRead={onRead}
          onInput={(input) => {
            setEntered(input);
            keepInput(draftKey, input);
          }}
        />
      )}
    </Stack>
  );
}
