/** What a schema describes, for those who only read it: server and console take the types of answers from it. */
import type { Static, TSchema } from 'typebox';

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: DeepReadonly<Value[Name]> }
    : Value;

export type Answer<Schema extends TSchema> = DeepReadonly<Static<Schema>>;
