/**
 * A worker's input_schema.json as the form reads it. Every member has its declared type, whatever the file contains.
 */
import { isJsonObject } from './lossless-json.ts';

export const editors = [
  'input',
  'textarea',
  'number',
  'select',
  'radio',
  'checkbox',
  'switch',
  'datepicker',
  'requestList',
  'requestListSource',
  'stringList',
  'json',
] as const;
export type Editor = (typeof editors)[number];

const types = ['string', 'integer', 'number', 'boolean', 'array', 'object'] as const;
type ValueType = (typeof types)[number];

interface InputOption {
  readonly label?: string | undefined;
  readonly value: unknown;
}

interface ListParam {
  readonly param: string;
  readonly title?: string | undefined;
  readonly required: boolean;
  readonly description?: string | undefined;
}

export interface InputProperty {
  readonly name: string;
  readonly title?: string | undefined;
  readonly type: ValueType;
  readonly editor?: Editor | undefined;
  readonly description?: string | undefined;
  readonly required: boolean;
  readonly default?: unknown;
  readonly options?: readonly InputOption[] | undefined;
  readonly multiple: boolean;
  readonly param_list?: readonly ListParam[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly placeholder?: string | undefined;
  /** For a datepicker: how the date is shown, and the format that the worker gets. */
  readonly format?: string | undefined;
  readonly valueFormat?: string | undefined;
  readonly sectionCaption?: string | undefined;
  readonly sectionDescription?: string | undefined;
}

export interface InputSchema {
  readonly description?: string | undefined;
  readonly properties: readonly InputProperty[];
}

/** Null, values of another type and blank texts count as absent. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The objects of a list; undefined if it has none. */
function objectsOf(value: unknown): Record<string, unknown>[] | undefined {
  const objects = Array.isArray(value) ? (value as unknown[]).filter(isJsonObject) : [];
  return objects.length === 0 ? undefined : objects;
}

function paramsOf(value: unknown): ListParam[] | undefined {
  const params = objectsOf(value)?.flatMap((item): ListParam[] => {
    const param = textOf(item['param']);
    if (param === undefined) return [];
    const { required } = item;
    return [
      {
        param,
        title: textOf(item['title']),
        required: required === true,
        description: textOf(item['description']),
      },
    ];
  });
  const byParam = new Map(params?.map((item) => [item.param, item]));
  return byParam.size === 0 ? undefined : [...byParam.values()];
}

/** @returns undefined if it has no name */
function readProperty(value: Record<string, unknown>): InputProperty | undefined {
  const name = textOf(value['name']);
  if (name === undefined) return undefined;
  return {
    name,
    title: textOf(value['title']),
    type: types.find((type) => type === value['type']) ?? 'string',
    editor: editors.find((editor) => editor === value['editor']),
    description: textOf(value['description']),
    required: value['required'] === true,
    default: value['default'] ?? undefined,
    options: objectsOf(value['options'])?.map((option) => ({
      label: textOf(option['label']),
      value: option['value'],
    })),
    multiple: value['multiple'] === true,
    param_list: paramsOf(value['param_list']),
    minimum: numberOf(value['minimum']),
    maximum: numberOf(value['maximum']),
    placeholder: textOf(value['placeholder']),
    format: textOf(value['format']),
    valueFormat: textOf(value['valueFormat']),
    sectionCaption: textOf(value['sectionCaption']),
    sectionDescription: textOf(value['sectionDescription']),
  };
}

/** @param value the file, parsed */
export function readInputSchema(value: unknown): InputSchema {
  const root = isJsonObject(value) ? value : {};
  const properties = (objectsOf(root['properties']) ?? []).flatMap((item) => readProperty(item) ?? []);
  return { description: textOf(root['description']), properties };
}
