/** What a check found wrong. */
export const findingKinds = ['broken rules', 'lost', 'doubled', 'stuck', 'left over'] as const;
export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly sentence: string;
}
