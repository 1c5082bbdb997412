/** The type that a schema describes. Server and console derive the types of answers from schemas. */
import type { Static, TSchema } from 'typebox';

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: DeepReadonly<Value[Name]> }
    : Value;

export type Answer<Schema extends TSchema> = DeepReadonly<Static<Schema>>;
