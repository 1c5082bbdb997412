/** The worker fields as a form shows them at first: every default the schema gives. */
export function defaultInput(schema: {
  readonly properties: readonly { readonly name: string; readonly default?: unknown }[];
}): Record<string, unknown> {
  return Object.fromEntries(
    schema.properties
      .filter((property) => property.default !== undefined && property.default !== null)
      .map((property) => [property.name, property.default]),
  );
}
