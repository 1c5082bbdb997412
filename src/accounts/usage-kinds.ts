/** What runs use that may have a price. */
export const usageKinds = ['result', 'memory', 'cpu', 'traffic'] as const;
export type UsageKind = (typeof usageKinds)[number];
