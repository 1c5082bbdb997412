/** Reads the hosts that a package says it connects to. They are only a proposal, so a bad file does not block the upload. */
import { hostEntryText, parseHostEntry } from '../addresses/addresses.ts';
import { allowedHostLimit } from './allowed-hosts.ts';
import type { Findings } from './findings.ts';
import { readPackageBytes } from './package-text.ts';
import { isJsonObject, parseJson, typeText } from './value-types.ts';
import { decodeText, withoutByteOrderMark } from '../text/decoded-text.ts';

const networkFile = 'network.json';
const limitBytes = 256 * 1024;
const form = 'so it proposes no hosts; write {"hosts": ["example.com", "*.example.com"]}';

/**
 * @param findings receives a warning for everything that is wrong
 * @returns entries in one spelling; undefined if the package has no such file, or a bad one
 */
export async function readNetworkFile(dir: string, findings: Findings): Promise<string[] | undefined> {
  const bytes = await readPackageBytes(dir, networkFile, limitBytes + 1);
  if (bytes === undefined) return undefined;
  if (bytes.length > limitBytes) {
    findings.warn(networkFile, `is larger than ${limitBytes} bytes, so it proposes no hosts`);
    return undefined;
  }
  const hosts = readHosts(bytes, findings);
  return hosts === undefined ? undefined : checkedHosts(hosts, findings);
}

function readHosts(bytes: Buffer, findings: Findings): unknown[] | undefined {
  let value: unknown;
  try {
    value = parseJson(withoutByteOrderMark(decodeText(bytes)));
  } catch (error) {
    findings.warn(networkFile, `is not valid JSON (${(error as Error).message}), ${form}`);
    return undefined;
  }
  if (!isJsonObject(value)) {
    findings.warn(networkFile, `is ${typeText(value)}, ${form}`);
    return undefined;
  }
  for (const key of Object.keys(value))
    if (key !== 'hosts') findings.warn(networkFile, 'this field is not read; only hosts is', key);
  if (!Array.isArray(value['hosts'])) {
    const given = value['hosts'] === undefined ? 'no hosts' : `hosts that are ${typeText(value['hosts'])}`;
    findings.warn(networkFile, `has ${given}, ${form}`, 'hosts');
    return undefined;
  }
  if (value['hosts'].length <= allowedHostLimit) return value['hosts'];
  findings.warn(
    networkFile,
    `has ${value['hosts'].length} hosts, but may have ${allowedHostLimit}, so it proposes none`,
    'hosts',
  );
  return undefined;
}

function checkedHosts(hosts: readonly unknown[], findings: Findings): string[] {
  const found = new Set<string>();
  for (const [index, host] of hosts.entries()) {
    const field = `hosts[${index}]`;
    if (typeof host !== 'string') {
      findings.warn(networkFile, `must be a string, but is ${typeText(host)}`, field);
      continue;
    }
    try {
      found.add(hostEntryText(parseHostEntry(host)));
    } catch (error) {
      findings.warn(networkFile, (error as Error).message, field);
    }
  }
  return [...found];
}
