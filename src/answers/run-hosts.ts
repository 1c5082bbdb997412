/** The hosts that a run connected to. */
import { Type } from 'typebox';
import { refusalReasons } from '../egress/connection-outcomes.ts';
import type { Answer } from './answer.ts';
import { enumeration } from './enumeration.ts';
import { pagedSchema } from './pages.ts';

const totalFields = {
  connections: Type.Integer({ description: 'Connections that were opened.', examples: [12] }),
  refused: Type.Integer({ description: 'Connections that were refused or failed.', examples: [0] }),
  sent_bytes: Type.Integer({ description: 'Bytes from the worker to the host.', examples: [5120] }),
  received_bytes: Type.Integer({ description: 'Bytes from the host to the worker.', examples: [480_211] }),
};

export const RunHost = Type.Object(
  {
    host: Type.String({
      description:
        'Name as the worker gave it, in lower-case ASCII, or address if it gave none. Empty if is_other.',
      examples: ['www.example.com'],
    }),
    port: Type.Integer({ description: 'Port; 0 if is_other or not valid.', examples: [443] }),
    is_other: Type.Boolean({
      description: 'Whether this is the sum of further hosts: a run lists up to about 1000.',
      examples: [false],
    }),
    ...totalFields,
    refusals: Type.Array(
      Type.Object({
        reason: enumeration(refusalReasons, {
          description:
            'private_address: not a public address, and not allowed by the operator; not_allowed: not on the allow-list of the worker or run; port_not_listed: the transparent network does not carry this port; name_not_found: the name has no address; connection_refused: nothing listens there; unreachable: no route; no_answer: not connected in time; upstream_failed: the upstream proxy of the region failed or refused; connection_limit: too many open connections; host_limit: too many connections to this host; traffic_limit: the run used up its traffic; malformed_target: no valid host and port.',
          examples: ['no_answer'],
        }),
        count: Type.Integer({ description: 'Number of connections.', examples: [1] }),
      }),
      { description: 'Refused connections by reason, most frequent first.' },
    ),
    first_at: Type.Integer({ description: 'First connection, Unix seconds.', examples: [1_764_200_000] }),
    last_at: Type.Integer({
      description: 'Last connection or data, Unix seconds.',
      examples: [1_764_200_030],
    }),
  },
  { title: 'RunHost', description: 'Connections of a run to one host and port' },
);
export type RunHost = Answer<typeof RunHost>;

export const RunHostList = Type.Object(
  {
    ...pagedSchema(RunHost).properties,
    totals: Type.Object(totalFields, { description: 'Sums over all pages.' }),
  },
  { title: 'RunHostList', description: 'Hosts that a run connected to' },
);
export type RunHostList = Answer<typeof RunHostList>;
