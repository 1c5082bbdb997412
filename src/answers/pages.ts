/** Paged lists. */
import { Type, type TSchema } from 'typebox';
import type { Answer } from './answer.ts';

/** A paged answer: `count`, `list`, `page_index`, `page_size` and further fields of the operation. */
export function pagedSchema<Item extends TSchema>(item: Item) {
  return Type.Object({
    count: Type.Integer({ description: 'Items on all pages.', examples: [1] }),
    list: Type.Array(item),
    page_index: Type.Integer({ description: 'Number of this page, from 1.', examples: [1] }),
    page_size: Type.Integer({ description: 'Items on a full page.', examples: [20] }),
  });
}

/** A page of answers. */
export type Paged<Item> = Omit<Answer<ReturnType<typeof pagedSchema>>, 'list'> & {
  readonly list: readonly Item[];
};
