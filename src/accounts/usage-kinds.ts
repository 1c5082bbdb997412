/** Kinds of usage that may have a price. */
export const usageKinds = ['result', 'memory', 'cpu', 'traffic'] as const;
export type UsageKind = (typeof usageKinds)[number];

/** The unit of each kind's quantity. */
export const usageUnits = {
  result: 'result',
  memory: 'GB-hour',
  cpu: 'hour',
  traffic: 'GB',
} as const satisfies Record<UsageKind, string>;
