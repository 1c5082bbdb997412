/** What a run used and what that costs. An extension of the published API. */
import { Type, type Static } from 'typebox';
import { usageKinds, type UsageEntry as UsageRecord, type UsageKind } from '../../accounts/accounts.ts';
import { withoutEnd } from '../../text/text-ends.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { enumeration } from '../enumeration.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { decimal } from './shapes.ts';

const units: Record<UsageKind, string> = { result: 'result', memory: 'GB-hour', cpu: 'hour', traffic: 'GB' };

const UsageEntry = Type.Object(
  {
    kind: enumeration(usageKinds, { description: 'What was used.', examples: ['memory'] }),
    unit: enumeration(Object.values(units), { description: 'What quantity counts.', examples: ['GB-hour'] }),
    quantity: Type.String({ description: 'A decimal.', examples: ['0.0125'] }),
    unit_price: Type.String({ description: 'Price of one unit, a decimal.', examples: ['0.40'] }),
    amount: Type.String({
      description: 'Quantity times price, a decimal of six places at most.',
      examples: ['0.005'],
    }),
  },
  { title: 'UsageEntry', description: 'One kind of usage at one price' },
);

const RunUsage = Type.Object(
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

/** Without the zeros at the end: `"3"`, `"0.0125"`. */
function quantityText(numeric: string): string {
  return numeric.includes('.') ? withoutEnd(withoutEnd(numeric, '0'), '.') : numeric;
}

function entryShape({ kind, quantity, unitPrice, amount }: UsageRecord): Static<typeof UsageEntry> {
  return {
    kind,
    unit: units[kind],
    quantity: quantityText(quantity),
    unit_price: decimal(unitPrice),
    amount: decimal(amount),
  };
}

export function addRunUsageOperations(app: ApiApp, context: ApiContext): void {
  for (const scope of runScopes(context)) {
    app.get(
      `${scope.url}/usage`,
      operation({
        id: `get${scope.noun}Usage`,
        tag: 'worker-runs',
        summary: `Get ${scope.phrase} usage`,
        description: `What a run used and what that costs, entered when each of its subtasks ends. An extension of the published API. ${scope.note}`,
        params: scope.params,
        data: RunUsage,
      }),
      async (request) => {
        const run = await scope.find(request);
        const { usage } = context.accounts;
        const [{ total, entries }, used] = await Promise.all([usage.ofRun(run.id), usage.meteredOf(run.id)]);
        return success(request, {
          usage: decimal(total),
          entries: entries.map(entryShape),
          metered: {
            results: used.results,
            memory_gb_hours: used.memoryGigabyteHours,
            cpu_seconds: used.cpuSeconds,
            traffic_bytes: used.trafficBytes,
          },
        });
      },
    );
  }
}
