/** Schemas of enumerations. Their static type is the union of the values; the document has `type` and `enum`. */
import { Type, type TSchemaOptions, type TUnsafe } from 'typebox';

/** @param values strings or integers */
export function enumeration<const Value extends string | number>(
  values: readonly Value[],
  options: TSchemaOptions = {},
): TUnsafe<Value> {
  const type = typeof values[0] === 'number' ? 'integer' : 'string';
  return Type.Unsafe<Value>({ type, enum: [...values], ...options });
}
