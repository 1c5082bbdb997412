/** The state of a worker's form: entered values, problems, and the field to focus. */
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { stringifyJson } from '../../../api/lossless-json.ts';
import type { RunRequest } from '../../../api/run-inputs.ts';
import type { InputSchema } from '../../../api/input-schema.ts';
import { useKeptDraft } from '../../../components/use-kept-draft.ts';
import { useTexts } from '../../../texts/texts.tsx';
import { draftKey, dropDraft, readDraft, writeDraft, type Draft, type Mode } from './draft.ts';
import type { FocusRequest } from './form-sections.tsx';
import { answeredFieldProblems, problemsOf, type Problems } from './input-problems.ts';
import { formValues, inputOf, parseInput, type Entered, type FormValues } from './input-values.ts';
import { noOptions, optionsOf, systemOf, type RunOptions } from './option-values.ts';

/** What the form is filled from. */
export interface Filling {
  /** '' for the worker's defaults, otherwise identifies the run or task. */
  readonly origin: string;
  /** Absent for the defaults. */
  readonly custom?: Readonly<Record<string, unknown>>;
  readonly system: Readonly<Record<string, unknown>>;
  /** '' for the current version. */
  readonly version: string;
}

interface RunFormParts {
  readonly workerId: string;
  /** The version whose form is shown. */
  readonly version: string;
  readonly schema: InputSchema;
  readonly filling: Filling;
  /** Whether what is entered survives a reload; true if omitted. */
  readonly isKept?: boolean;
}

const start = { row: 0, column: 0 };

function filledDraft(schema: InputSchema, { custom, system, version }: Filling): Draft {
  const options = custom === undefined ? { ...noOptions, version } : optionsOf(system, version);
  return { values: formValues(schema, custom), options, mode: 'form', json: '' };
}

/** Problems of edited fields, or of all fields after an attempt to start. */
function shownProblems(
  problems: Problems,
  values: FormValues,
  first: FormValues,
  isTried: boolean,
): Problems {
  if (isTried) return problems;
  const edited = Object.entries(problems).filter(([name]) => values.fields[name] !== first.fields[name]);
  return Object.fromEntries(edited);
}

export function useRunForm({ workerId, version, schema, filling, isKept = true }: RunFormParts) {
  const { inputForm: texts } = useTexts();
  const key = draftKey(workerId, version, filling.origin);
  const [first, setFirst] = useState(() => filledDraft(schema, filling));
  const [kept] = useState(() => (isKept ? readDraft(key) : undefined));
  const [draft, setDraft] = useState(kept ?? first);
  const [isTried, setIsTried] = useState(false);
  const [focus, setFocus] = useState<FocusRequest>();
  const [jsonProblem, setJsonProblem] = useState<string>();
  /** Problems found by the server, with the values they apply to. Editing a field clears its problem. */
  const [answer, setAnswer] = useState<{ problems: Problems; values: FormValues }>();
  const isEdited = isKept && draft !== first;
  const save = useCallback(
    () => (isEdited ? writeDraft(key, draft) : dropDraft(key)),
    [key, draft, isEdited],
  );
  useKeptDraft(save);

  const { values, options, mode, json } = draft;
  const deferred = useDeferredValue(values);
  const problems = useMemo(() => {
    const own = shownProblems(problemsOf(schema, deferred, texts), deferred, first.values, isTried);
    const answered = Object.entries(answer?.problems ?? {}).filter(
      ([name]) => deferred.fields[name] === answer?.values.fields[name],
    );
    return { ...Object.fromEntries(answered), ...own };
  }, [schema, deferred, texts, first, isTried, answer]);

  const change = useCallback((name: string, entered: Entered): void => {
    setDraft((before) => ({
      ...before,
      values: { ...before.values, fields: { ...before.values.fields, [name]: { entered } } },
    }));
  }, []);

  /** The entered input. @returns undefined if there are problems, which are then shown */
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
    const name = schema.properties.find((property) => property.name in found)?.name;
    if (name === undefined) return inputOf(schema, values);
    setIsTried(true);
    setFocus({ name, place: { ...(found[name]?.cell ?? start) } });
    return undefined;
  };
  const requestOf = (custom: Record<string, unknown>): RunRequest => ({
    input: { parameters: { custom, system: systemOf(options) } },
    ...(options.version !== '' && { version: options.version }),
    ...(options.callbackUrl.trim() !== '' && { callback_url: options.callbackUrl.trim() }),
  });

  return {
    values,
    options,
    mode,
    json,
    problems,
    jsonProblem,
    focus,
    change,
    isEdited: draft !== first,
    /** Whether the form shows a draft from before the page was loaded. */
    isRestored: kept !== undefined && draft === kept,
    setOptions: (next: RunOptions) => setDraft({ ...draft, options: next }),
    setJson: (next: string) => {
      setJsonProblem(undefined);
      setDraft({ ...draft, json: next });
    },
    /** The entered values were stored: they are what `reset` returns to. */
    markSaved: () => setFirst(draft),
    /** @returns a function that restores what was filled in */
    reset: () => {
      setIsTried(false);
      setAnswer(undefined);
      setJsonProblem(undefined);
      setDraft(first);
      return () => setDraft(draft);
    },
    setMode: (next: Mode) => {
      if (next === 'json') {
        try {
          setDraft({ ...draft, mode: next, json: stringifyJson(inputOf(schema, values), 2) });
        } catch {
          // Only malformed JSON in a field prevents the switch; the text must not get lost.
          checkedInput();
        }
        return;
      }
      const input = checkedInput();
      if (input !== undefined)
        setDraft({ ...draft, mode: next, values: formValues(schema, input), json: '' });
    },
    /** The request that starts the run. @returns undefined if there are problems, which are then shown */
    checkedRequest: (): RunRequest | undefined => {
      const input = checkedInput();
      return input && requestOf(input);
    },
    /** The request that would start the run; undefined if there are problems, which are not shown. */
    quietRequest: (): RunRequest | undefined => {
      try {
        if (mode === 'json') return requestOf(parseInput(json));
        const found = problemsOf(schema, values, texts);
        return Object.keys(found).length === 0 ? requestOf(inputOf(schema, values)) : undefined;
      } catch {
        return undefined;
      }
    },
    /** Shows the server's problems beside their fields. */
    showAnswer: (error: Error) => {
      const found = answeredFieldProblems(schema, error);
      setAnswer({ problems: found, values });
      const name = schema.properties.find((property) => property.name in found)?.name;
      if (name !== undefined && mode === 'form') setFocus({ name, place: { ...start } });
    },
  };
}

export type RunForm = ReturnType<typeof useRunForm>;
