/** Prints what a campaign found: a table of the faults, every finding, and the counts. */
import { findingKinds, type Finding } from './checks/finding.ts';
import type { InjectedFault } from './injector.ts';

export interface CampaignResult {
  readonly faults: readonly InjectedFault[];
  /** Rows, upserts and lines. */
  readonly acknowledged: number;
  readonly findings: readonly Finding[];
  /** What else there was, such as runs and answers, in words. */
  readonly remarks: readonly string[];
}

/** More of a kind are only counted. */
const printedFindings = 20;

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** A Markdown table with one line per kind of fault. */
function faultTable(faults: readonly InjectedFault[]): string {
  const byKind = Map.groupBy(faults, ({ fault }) => fault.name);
  const lines = Array.from(byKind, ([name, group]) => {
    const times = group.flatMap(({ noticedMs }) => noticedMs ?? []).toSorted((one, other) => one - other);
    const isLoss = group[0]?.fault.isNoticedBy === 'lost runner';
    const measured = times.length === 0 ? ['–', '–'] : [seconds(median(times)), seconds(times.at(-1) ?? 0)];
    return `| ${[name, group.length, isLoss ? 'runner lost' : 'works again', times.length, ...measured].join(' | ')} |`;
  });
  const head = '| fault | count | noticed as | measured | median | longest |\n|---|---|---|---|---|---|';
  return [head, ...lines.toSorted()].join('\n');
}

function listed(findings: readonly Finding[]): string[] {
  return findingKinds.flatMap((kind) => {
    const own = findings.filter((finding) => finding.kind === kind);
    const lines = own.slice(0, printedFindings).map(({ sentence }) => `${kind}: ${sentence}`);
    return own.length > printedFindings
      ? [...lines, `${kind}: and ${own.length - printedFindings} more`]
      : lines;
  });
}

/** The last line: machine-readable, in a fixed order. */
export function countsLine({ faults, acknowledged, findings }: CampaignResult): string {
  const counts = findingKinds.map((kind) => `${kind} ${findings.filter((one) => one.kind === kind).length}`);
  return [`faults ${faults.length}`, `acknowledged ${acknowledged}`, ...counts].join(', ');
}

export function report(result: CampaignResult): string {
  return [
    faultTable(result.faults),
    '',
    ...result.remarks,
    ...listed(result.findings),
    countsLine(result),
  ].join('\n');
}
