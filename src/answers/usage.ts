/** What a run used and what it cost. */
import { Type } from 'typebox';
import { usageKinds, usageUnits } from '../accounts/usage-kinds.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';

export const UsageEntry = Type.Object(
  {
    kind: enumeration(usageKinds, { description: 'What was used.', examples: ['memory'] }),
    unit: enumeration(Object.values(usageUnits), {
      description: 'What quantity counts.',
      examples: ['GB-hour'],
    }),
    quantity: Type.String({ description: 'A decimal.', examples: ['0.0125'] }),
    unit_price: Type.String({ description: 'Price of one unit, a decimal.', examples: ['0.40'] }),
    amount: Type.String({
      description: 'Quantity times price, a decimal of six places at most.',
      examples: ['0.005'],
    }),
  },
  { title: 'UsageEntry', description: 'One kind of usage at one price' },
);
export type UsageEntry = Answer<typeof UsageEntry>;

export const RunUsage = Type.Object(
  {
    usage: Type.String({
      description: 'Cost so far, a decimal: the sum of the amounts.',
      examples: ['0.005'],
    }),
    entries: Type.Array(UsageEntry, { description: 'Empty where nothing costs anything.' }),
    metered: Type.Object(
      {
        results: Type.Integer({ description: 'Rows.', examples: [120] }),
        memory_gb_hours: Type.Number({
          description: 'The memory limit of the subtasks for as long as they ran, 1 GB being 1024 MB.',
          examples: [0.0125],
        }),
        cpu_seconds: Type.Number({
          description: 'Processor time of the subtasks that have ended.',
          examples: [3.2],
        }),
        traffic_bytes: Type.Integer({ description: 'Through the proxy.', examples: [480_211] }),
      },
      { description: 'What was used so far, whether it costs anything or not.' },
    ),
  },
  { title: 'RunUsage', description: 'The usage of a run' },
);
export type RunUsage = Answer<typeof RunUsage>;
