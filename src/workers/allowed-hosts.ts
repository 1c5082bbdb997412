/** The hosts that a worker may connect to: checks lists, and compares those of runs with the worker's. */
import { HostList, hostEntryText, parseHostEntry } from '../addresses/addresses.ts';
import { invalidArgument } from '../errors.ts';

/** Maximum number of entries of a list. */
export const allowedHostLimit = 500;

/**
 * Reads a list.
 * @param name of the list in errors
 * @returns entries in one spelling, each once
 * @throws ChelaError INVALID_ARGUMENT with every invalid entry
 */
export function readAllowedHosts(entries: readonly string[], name: string): string[] {
  if (entries.length > allowedHostLimit)
    throw invalidArgument(`${name} has ${entries.length} entries, but may have ${allowedHostLimit}`);
  const found = new Set<string>();
  const problems: string[] = [];
  for (const entry of entries) {
    try {
      found.add(hostEntryText(parseHostEntry(entry)));
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw invalidArgument(problems.slice(0, 10).join('; '), problems);
  return [...found];
}

/**
 * Checks that a run's list allows nothing that its worker's does not.
 * @param run checked by `readAllowedHosts`
 * @param worker undefined or null if the worker may connect to every host
 * @throws ChelaError INVALID_ARGUMENT with every entry that is wider
 */
export function checkNarrower(run: readonly string[], worker: readonly string[] | null, name: string): void {
  if (worker === null) return;
  const allowed = new HostList(worker);
  const wider = run.filter((entry): boolean => !allowed.covers(parseHostEntry(entry)));
  if (wider.length === 0) return;
  const problems = wider.map(
    (entry) => `${name}: ${entry} is not on the worker's allow-list; a run can only narrow it`,
  );
  throw invalidArgument(problems.slice(0, 10).join('; '), problems);
}
