/** The form of a worker, made from its input schema, as fields or as JSON, and the start of a run. */
import {
  Button,
  Collapse,
  Group,
  NumberInput,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconAdjustments, IconPlayerPlay } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useStartRun, type InputSchema, type RunInput } from '../../api/workers.ts';
import { ErrorNotice } from '../../components/error-notice.tsx';
import { JsonField } from '../../components/json-field.tsx';
import { useTexts } from '../../texts/texts.tsx';
import { InputField } from './input-field.tsx';
import { SaveTaskButton } from './save-task-button.tsx';
import { enteredValues, inputOf, problemsOf, type EnteredValues, type Problems } from './input-values.ts';

type Mode = 'form' | 'json';
type Options = Readonly<Record<string, number | ''>>;

const optionFields = [
  { name: 'memory', label: 'memory', hint: 'memoryHint' },
  { name: 'execute_limit_time_seconds', label: 'timeLimit', hint: 'timeLimitHint' },
  { name: 'max_total_traffic', label: 'maxTraffic', hint: 'noLimit' },
  { name: 'max_total_charge', label: 'maxCharge', hint: 'noLimit' },
] as const;

function OptionFields({
  options,
  onChange,
}: {
  readonly options: Options;
  readonly onChange: (options: Options) => void;
}): ReactNode {
  const { workers: texts } = useTexts();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }}>
      {optionFields.map(({ name, label, hint }) => (
        <NumberInput
          key={name}
          label={texts[label]}
          description={texts[hint]}
          min={0}
          value={options[name] ?? ''}
          onChange={(value) => onChange({ ...options, [name]: value === '' ? '' : Number(value) })}
        />
      ))}
    </SimpleGrid>
  );
}

/** @throws SyntaxError where the text is no JSON object */
function parseInput(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new SyntaxError('{ … }');
}

export function RunForm({
  workerId,
  schema,
}: {
  readonly workerId: string;
  readonly schema: InputSchema;
}): ReactNode {
  const { workers: texts } = useTexts();
  const navigate = useNavigate();
  const start = useStartRun(workerId);
  const [mode, setMode] = useState<Mode>('form');
  const [values, setValues] = useState<EnteredValues>(() => enteredValues(schema));
  const [problems, setProblems] = useState<Problems>({});
  const [json, setJson] = useState('');
  const [jsonProblem, setJsonProblem] = useState<string>();
  const [options, setOptions] = useState<Options>({});
  const [hasOptions, { toggle }] = useDisclosure();

  /** The input as it is entered; undefined where something is wrong with it, which is shown then. */
  const checkedInput = (): Record<string, unknown> | undefined => {
    if (mode === 'json') {
      try {
        setJsonProblem(undefined);
        return parseInput(json);
      } catch (error) {
        setJsonProblem(texts.brokenJson((error as Error).message));
        return undefined;
      }
    }
    const found = problemsOf(schema, values, texts);
    setProblems(found);
    return Object.keys(found).length === 0 ? inputOf(schema, values) : undefined;
  };
  const switchTo = (next: Mode): void => {
    if (next === 'json') {
      const broken = problemsOf(schema, values, texts);
      const readable = {
        properties: schema.properties.filter(({ name, editor }) => !(name in broken && editor === 'json')),
      };
      setJson(JSON.stringify(inputOf(readable, values), undefined, 2));
      setMode(next);
      return;
    }
    const input = checkedInput();
    if (input === undefined) return;
    setValues(enteredValues(schema, input));
    setProblems({});
    setMode(next);
  };
  const checkedParameters = (): RunInput | undefined => {
    const custom = checkedInput();
    if (custom === undefined) return undefined;
    const system = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== ''));
    return { custom, system };
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const parameters = checkedParameters();
    if (parameters === undefined) return;
    start.mutate(parameters, {
      onSuccess: ({ run_slug: runId }) => void navigate({ to: '/runs/$runId', params: { runId } }),
    });
  };

  return (
    <form onSubmit={submit} noValidate>
      <Paper withBorder p="lg">
        <Stack>
          <Group justify="space-between">
            <SegmentedControl
              size="xs"
              data={[
                { value: 'form', label: texts.formMode },
                { value: 'json', label: texts.jsonMode },
              ]}
              value={mode}
              onChange={(next) => switchTo(next)}
            />
          </Group>
          {schema.description && <Text size="sm">{schema.description}</Text>}
          {schema.properties.length === 0 && <Text c="dimmed">{texts.noFields}</Text>}
          {mode === 'json' ? (
            <JsonField
              label={texts.jsonLabel}
              value={json}
              onChange={setJson}
              error={jsonProblem}
              minRows={8}
              maxRows={24}
            />
          ) : (
            schema.properties.map((property) => (
              <InputField
                key={property.name}
                property={property}
                value={values[property.name] ?? ''}
                problem={problems[property.name]}
                onChange={(value) => setValues((before) => ({ ...before, [property.name]: value }))}
              />
            ))
          )}
          <Collapse expanded={hasOptions}>
            <OptionFields options={options} onChange={setOptions} />
          </Collapse>
          {start.error !== null && <ErrorNotice error={start.error} />}
          <Group>
            <Button type="submit" loading={start.isPending} leftSection={<IconPlayerPlay size={16} />}>
              {texts.start}
            </Button>
            <SaveTaskButton workerId={workerId} input={checkedParameters} />
            <Button
              variant="subtle"
              color="gray"
              onClick={toggle}
              aria-expanded={hasOptions}
              leftSection={<IconAdjustments size={16} />}
            >
              {texts.options}
            </Button>
          </Group>
        </Stack>
      </Paper>
    </form>
  );
}
