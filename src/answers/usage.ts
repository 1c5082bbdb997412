/** What a run used and what it cost. */
import { Type } from 'typebox';
import { usageKinds, usageUnits } from '../accounts/usage-kinds.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

export const UsageEntry = Type.Object(
  {
    kind: enumeration(usageKinds, { description: 'Kind of usage.', examples: ['memory'] }),
    unit: enumeration(Object.values(usageUnits), {
      description: 'Unit of quantity.',
      examples: ['GB-hour'],
    }),
    quantity: Type.String({ description: 'Decimal number.', examples: ['0.0125'] }),
    unit_price: Type.String({ description: 'Price of one unit, a decimal number.', examples: ['0.40'] }),
    amount: Type.String({
      description: 'quantity times unit_price, a decimal number with up to six places.',
      examples: ['0.005'],
    }),
  },
  { title: 'UsageEntry', description: 'One kind of usage at one price' },
);
export type UsageEntry = Answer<typeof UsageEntry>;

export const RunUsage = Type.Object(
  {
    usage: Type.String({
      description: 'Cost so far, a decimal number: the sum of the amounts.',
      examples: ['0.005'],
    }),
    entries: Type.Array(UsageEntry, { description: 'Empty if nothing has a price.' }),
    metered: Type.Object(
      {
        results: Type.Integer({ description: 'Rows.', examples: [120] }),
        memory_gb_hours: Type.Number({
          description: 'Memory limit times running time, summed over all subtasks. 1 GB is 1024 MB.',
          examples: [0.0125],
        }),
        cpu_seconds: Type.Number({
          description: 'Processor time of the subtasks that have ended.',
          examples: [3.2],
        }),
        traffic_bytes: Type.Integer({ description: 'Bytes through the proxy.', examples: [480_211] }),
      },
      { description: 'Usage so far, whether it is charged or not.' },
    ),
  },
  { title: 'RunUsage', description: 'Usage and cost of a run' },
);
export type RunUsage = Answer<typeof RunUsage>;
