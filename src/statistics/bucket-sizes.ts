/** Intervals that figures are summed by. */
export const bucketSizes = ['hour', 'day', 'week', 'month'] as const;
export type BucketSize = (typeof bucketSizes)[number];
