/** The initial values of a worker's form: all defaults in the schema. */
export function defaultInput(schema: {
  readonly properties: readonly { readonly name: string; readonly default?: unknown }[];
}): Record<string, unknown> {
  return Object.fromEntries(
    schema.properties
      .filter((property) => property.default !== undefined && property.default !== null)
      .map((property) => [property.name, property.default]),
  );
}
