/** Claims for tests that store something for a run without executing it. */
import type { Database } from '../../src/database/database.ts';
import { RunClaims, type Claim } from '../../src/runs/runs.ts';

/** A claim that counts as current for as long as nobody takes a subtask of the run from its runner. */
export function heldClaim(
  database: Database,
  runId: number,
  number = 1,
): { claim: Claim; claims: RunClaims } {
  const claim = { id: 0, number, attempt: 1 };
  const claims = new RunClaims(database, runId);
  claims.add(claim, 0, () => undefined);
  return { claim, claims };
}
