/** What a run used and what it cost. An extension of the published API. */
import type { UsageEntry } from '../../answers/usage.ts';
import { RunUsage } from '../../answers/usage.ts';
import type { UsageEntry as UsageRecord } from '../../accounts/accounts.ts';
import { usageUnits } from '../../accounts/usage-kinds.ts';
import { withoutEnd } from '../../text/text-ends.ts';
import type { ApiApp, ApiContext } from '../api-context.ts';
import { success } from '../envelope.ts';
import { operation } from '../operation.ts';
import { runScopes } from './run-operations.ts';
import { decimal } from './shapes.ts';

/** Without trailing zeros: `"3"`, `"0.0125"`. */
function quantityText(numeric: string): string {
  return numeric.includes('.') ? withoutEnd(withoutEnd(numeric, '0'), '.') : numeric;
}

function entryShape({ kind, quantity, unitPrice, amount }: UsageRecord): UsageEntry {
  return {
    kind,
    unit: usageUnits[kind],
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
        description: `Returns what a run used and what it costs. Entries are added when a subtask ends. An extension of the published API. ${scope.note}`,
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
