/** Stores of an account: JSON values by key that outlive runs. */
import { Type } from 'typebox';
import type { Answer } from './answer.ts';
import { pagedSchema } from './pages.ts';

const Store = Type.Object({
  name: Type.String({ description: 'Name of the store.', examples: ['cursors'] }),
  keys: Type.Integer({ description: 'Number of keys.', examples: [3] }),
  size_bytes: Type.Integer({ description: 'Size of the keys and values in bytes.', examples: [512] }),
  updated_at: Type.Integer({
    description: 'When a value changed last, in Unix seconds.',
    examples: [1_782_091_200],
  }),
});

export const StoreList = Type.Object(pagedSchema(Store).properties, {
  title: 'StoreList',
  description: 'Stores of the account',
});
export type StoreList = Answer<typeof StoreList>;

const keyFields = {
  key: Type.String({ description: 'The key.', examples: ['shop/last-id'] }),
  version: Type.Integer({
    description:
      'Changes with every change of the value, and is never used twice. In quotes, it is the ETag of the value.',
    examples: [17],
  }),
  size_bytes: Type.Integer({ description: 'Size of the key and the value in bytes.', examples: [24] }),
  updated_at: Type.Integer({
    description: 'When the value changed last, in Unix seconds.',
    examples: [1_782_091_200],
  }),
};

export const StoreKey = Type.Object(keyFields, { title: 'StoreKey', description: 'A key of a store' });
export type StoreKey = Answer<typeof StoreKey>;

export const StoreKeyList = Type.Object(
  {
    list: Type.Array(StoreKey, { description: 'Keys in the order of their bytes in UTF-8.' }),
    next: Type.String({
      description: 'The key to continue after; empty if there are no more.',
      examples: [''],
    }),
  },
  { title: 'StoreKeyList', description: 'Keys of a store' },
);
export type StoreKeyList = Answer<typeof StoreKeyList>;

export const StoreValue = Type.Object(
  {
    ...keyFields,
    value: Type.Unknown({
      description: 'The value: any JSON, with every digit.',
      examples: [{ id: 12_345 }],
    }),
  },
  { title: 'StoreValue', description: 'A value of a store' },
);
export type StoreValue = Answer<typeof StoreValue>;
