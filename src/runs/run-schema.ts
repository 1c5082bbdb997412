/** The part of input_schema.json that affects the input of a run. */
import { invalidArgument } from '../errors.ts';
import { isJsonObject, parseJson } from '../json/lossless-json.ts';

export interface RunSchema {
  readonly properties: readonly {
    readonly name: string;
    /** A string where absent. */
    readonly type?: string | null | undefined;
    readonly title?: string | undefined;
    readonly required?: boolean | null;
    readonly default?: unknown;
  }[];
  readonly concurrency?:
    | {
        readonly fields?: readonly string[] | null | undefined;
        readonly remove_fields?: readonly string[] | null | undefined;
      }
    | null
    | undefined;
  /** Older way to name a single field to split by. */
  readonly b?: string | null | undefined;
}

/**
 * @param text an input_schema.json that was checked at upload; it may start with a byte order mark
 * @throws ChelaError INVALID_ARGUMENT
 */
export function parseRunSchema(text: string): RunSchema {
  try {
    const schema = parseJson(text.replace(/^\uFEFF/, ''));
    if (isJsonObject(schema) && Array.isArray(schema.properties)) return schema as unknown as RunSchema;
  } catch {
    // Reported below, in the words that clients know.
  }
  throw invalidArgument('input_schema is not a valid json');
}
