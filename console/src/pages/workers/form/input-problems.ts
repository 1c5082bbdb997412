/** Problems with the entered values, by field, found by the console or by the server. */
import { parseJson, isJsonObject } from '../../../api/lossless-json.ts';
import { ApiError } from '../../../api/client.ts';
import type { InputProperty, InputSchema } from '../../../api/input-schema.ts';
import type { Texts } from '../../../texts/texts.tsx';
import { isJson, isListEntered, type Entered, type FormValues } from './input-values.ts';
import { columnsOf, countItems, firstGap } from './list-items.ts';

export interface Problem {
  readonly message: string;
  /** The cell of a list that has the problem. */
  readonly cell?: { readonly row: number; readonly column: number };
}

/** By property name. */
export type Problems = Readonly<Record<string, Problem>>;

function isEmpty(entered: Entered): boolean {
  if (typeof entered === 'boolean') return false;
  if (typeof entered === 'string') return entered.trim() === '';
  return isListEntered(entered) ? countItems(entered.rows) === 0 : entered.length === 0;
}

function jsonProblem({ type }: InputProperty, text: string, texts: Texts['inputForm']): string | undefined {
  try {
    const value = parseJson(text);
    if (type === 'object' && !isJsonObject(value)) return texts.notAnObject;
    return type === 'array' && !Array.isArray(value) ? texts.notAList : undefined;
  } catch (error) {
    return texts.brokenJson((error as Error).message);
  }
}

function numberProblem(
  { type, minimum, maximum, options }: InputProperty,
  text: string,
  texts: Texts['inputForm'],
): string | undefined {
  if ((type !== 'integer' && type !== 'number') || options !== undefined) return undefined;
  const value = Number(text);
  if (Number.isNaN(value)) return texts.notANumber;
  if (type === 'integer' && !Number.isInteger(value)) return texts.notWhole;
  if (typeof minimum === 'number' && value < minimum) return texts.tooSmall(minimum);
  return typeof maximum === 'number' && value > maximum ? texts.tooLarge(maximum) : undefined;
}

function problemOf(
  property: InputProperty,
  entered: Entered,
  texts: Texts['inputForm'],
): Problem | undefined {
  if (isEmpty(entered)) return property.required ? { message: texts.requiredField } : undefined;
  if (isListEntered(entered)) {
    const columns = columnsOf(property);
    const cell = firstGap(entered.rows, columns);
    const column = columns[cell?.column ?? 0];
    return cell && { message: texts.missingCell(cell.row + 1, column?.title ?? ''), cell };
  }
  if (typeof entered !== 'string') return undefined;
  const message = isJson(property)
    ? jsonProblem(property, entered, texts)
    : numberProblem(property, entered, texts);
  return message === undefined ? undefined : { message };
}

export function problemsOf(
  { properties }: InputSchema,
  values: FormValues,
  texts: Texts['inputForm'],
): Problems {
  const found = properties
    .map((property) => {
      const { entered } = values.fields[property.name] ?? { entered: '' };
      return [property.name, problemOf(property, entered, texts)] as const;
    })
    .filter(([, problem]) => problem !== undefined);
  return Object.fromEntries(found) as Problems;
}

/** Whether an error message of the server is about the named field. */
function isAbout(sentence: string, prefix: string, name: string): boolean {
  const path = `${prefix}${name}`;
  const isPath = sentence === path || sentence.startsWith(`${path} `);
  return isPath || (prefix === customPrefix && sentence.includes(`[${name}]`));
}

const customPrefix = 'input.parameters.custom.';
const systemPrefix = 'input.parameters.system.';

/** What remains of a message beside the field that it names. */
function besideField(sentence: string, path: string): string {
  if (!sentence.startsWith(`${path} `)) return sentence;
  const rest = sentence.slice(path.length + 1);
  return rest.slice(0, 1).toUpperCase() + rest.slice(1);
}

function answeredProblems(error: Error | null, prefix: string, names: readonly string[]): Problems {
  if (!(error instanceof ApiError)) return {};
  const sentences = [...error.details, error.message];
  const found = names.flatMap((name) => {
    const message = sentences.find((sentence) => isAbout(sentence, prefix, name));
    return message === undefined
      ? []
      : [[name, { message: besideField(message, `${prefix}${name}`) }] as const];
  });
  return Object.fromEntries(found);
}

/** Problems that the server found in fields of the worker. */
export function answeredFieldProblems({ properties }: InputSchema, error: Error | null): Problems {
  return answeredProblems(
    error,
    customPrefix,
    properties.map(({ name }) => name),
  );
}

/** Problems that the server found in options of the run, by their API names. */
export function answeredOptionProblems(names: readonly string[], error: Error | null): Problems {
  return answeredProblems(error, systemPrefix, names);
}
