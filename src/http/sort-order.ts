/** The sort orders of lists in requests. */
import { Type, type TSchemaOptions, type TUnsafe } from 'typebox';

/** `created_at` sorts ascending, `-created_at` descending. */
export type SortOrder<Field extends string> = Field | `-${Field}`;

/** Schema of the query parameter that sorts a list. */
export function sortOrder<Field extends string>(
  fields: readonly Field[],
  options: TSchemaOptions = {},
): TUnsafe<SortOrder<Field>> {
  const orders = fields.flatMap((field) => [`-${field}`, field]);
  return Type.Unsafe<SortOrder<Field>>({ type: 'string', enum: orders, ...options });
}

/** Splits a sort order into field and direction. */
export function readSortOrder<Field extends string>(
  fields: readonly Field[],
  order: SortOrder<Field>,
): { sort: Field; ascending: boolean } {
  const sort = fields.find((field) => order === field || order === `-${field}`);
  if (sort === undefined) throw new Error(`${order} is not a sort order`);
  return { sort, ascending: order === sort };
}
