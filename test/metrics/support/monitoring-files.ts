/** Reads the files of `deploy/observability`, with Prometheus's own grammar of queries. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';

interface Rules {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook: string };
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

const folder = path.resolve(import.meta.dirname, '../../../deploy/observability');

/** The metrics that a query reads. @throws if it is not PromQL */
export function metricsOf(query: string): string[] {
  const found: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${query}`);
      if (type.name === 'Identifier' && node.parent?.name === 'VectorSelector')
        found.push(query.slice(from, to));
    },
  });
  return found;
}

export async function alertRules(): Promise<Rule[]> {
  const file = await readFile(path.join(folder, 'alerts.yaml'), 'utf8');
  return (parse(file) as Rules).groups.flatMap(({ rules }) => rules);
}

export async function panelQueries(): Promise<string[]> {
  const file = await readFile(path.join(folder, 'grafana-dashboard.json'), 'utf8');
  return (JSON.parse(file) as Dashboard).panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr),
  );
}
