import { quoted, type Findings } from './findings.ts';
import { isJsonObject, isValueType, parseJson, typeText, valueTypes, type ValueType } from './value-types.ts';

export const outputSchemaFile = 'output_schema.json';

export interface OutputColumn {
  readonly name: string;
  readonly type: ValueType;
  /** Should be text, but is not checked. */
  readonly description?: unknown;
}

/** A checked output_schema.json. */
export type OutputSchema = readonly OutputColumn[];

function inspectColumn(value: unknown, index: number, names: Set<string>, findings: Findings): void {
  const field = `[${index}]`;
  const position = `column number ${index + 1}`;
  if (!isJsonObject(value)) {
    findings.error(outputSchemaFile, `${position} must be an object with name and type`, field);
    return;
  }
  const { name, type } = value;
  const isNamed = typeof name === 'string' && name.trim() !== '';
  if (!isNamed) {
    findings.error(outputSchemaFile, `${position} has no name`, `${field}.name`);
  } else if (names.has(name)) {
    findings.error(outputSchemaFile, `the name ${quoted(name)} is used by two columns`, `${field}.name`);
  } else {
    names.add(name);
  }
  if (isValueType(type)) return;
  const label = isNamed ? `column ${quoted(name)}` : position;
  const given = typeof type === 'string' ? `the unknown type ${quoted(type)}` : 'no type';
  const message = `${label} has ${given}; use one of ${valueTypes.join(', ')}`;
  findings.error(outputSchemaFile, message, `${field}.type`);
}

/**
 * Checks the text of output_schema.json: an array of `{name, type, description?}` with unique names.
 * @param findings receives all errors
 * @returns the parsed value, which is an `OutputSchema` if there are no errors
 */
export function inspectOutputSchema(text: string, findings: Findings): unknown {
  let columns: unknown;
  try {
    columns = parseJson(text);
  } catch (error) {
    findings.error(outputSchemaFile, `is not valid JSON: ${(error as Error).message}`);
    return undefined;
  }
  if (!Array.isArray(columns)) {
    findings.error(outputSchemaFile, `must be an array of columns, but is ${typeText(columns)}`);
    return undefined;
  }
  const names = new Set<string>();
  for (const [index, column] of (columns as unknown[]).entries())
    inspectColumn(column, index, names, findings);
  return columns;
}
