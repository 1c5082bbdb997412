/** Runs a worker with the network of a subtask. The test decides the allowed targets and the names that exist. */
import { EgressProxy } from '../../../src/runner/proxy/egress-proxy.ts';
import { countHosts, type CountedHost } from '../proxy/support/counted-hosts.ts';
import { AddressGuard, AllowList, HostList, type Resolve } from '../../../src/addresses/addresses.ts';
import { readConfig, type Config } from '../../../src/configuration/configuration.ts';
import { networkPorts, serveWorkerNetwork } from '../../../src/runner/network/worker-network.ts';
import type { Sandbox } from '../../../src/runner/sandbox.ts';
import { finish, openWorker, type PackageFiles } from '../worker-package.ts';
import type { SandboxOptions } from '../../../src/runner/sandbox.ts';
import { onTestFinished } from 'vitest';

export interface NetworkedRun {
  readonly sandbox: Sandbox;
  readonly ports: readonly number[];
  /** Targets that workers may reach although they are not public. */
  readonly allowed?: readonly string[];
  /** Resolves names; by default no name exists. */
  readonly resolve?: Resolve;
  readonly config?: Partial<Config>;
  readonly region?: string;
  /** The worker's allow-list. */
  readonly allowedHosts?: readonly string[];
}

export interface NetworkedOutcome {
  /** The worker's output, parsed as JSON. */
  readonly value: unknown;
  /** Messages for the run's log. */
  readonly notices: readonly string[];
  readonly trafficBytes: number;
  readonly hosts: readonly CountedHost[];
}

const prelude = `const net = require('node:net'), dgram = require('node:dgram'), fs = require('node:fs'), http = require('node:http');
  const dns = require('node:dns'), { once } = require('node:events'), { execFile } = require('node:child_process');
  /** The result or the error code of each. */
  const settle = (...all) => Promise.all(all.map((one) => Promise.resolve().then(one).catch((error) =>
    error.cause?.code ?? error.code ?? error.message)));
  const ask = (url) => async () => (await fetch(url)).text();
  /** Reads a TCP connection to its end. */
  const read = (host, port, options) => () => new Promise((resolve, reject) => { let all = '';
    net.connect({ host, port, ...options }).on('data', (data) => { all += data }).on('error', reject).on('end', () => resolve(all)) });
  const run = (...argv) => () => new Promise((resolve) => execFile(argv[0], argv.slice(1), (error, out, err) => resolve(out + err)));`;

async function nowhere(): Promise<never> {
  throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
}

/** @param body of an async function that returns what the worker prints */
export async function runNetworked(
  body: string,
  { sandbox, ports, allowed = [], resolve = nowhere, config = {}, region = '', allowedHosts }: NetworkedRun,
  { files = {}, ...options }: Partial<SandboxOptions> & { files?: PackageFiles } = {},
): Promise<NetworkedOutcome> {
  const main = `${prelude} (async () => { ${body} })().catch((error) => error.stack)
    .then((value) => { fs.writeFileSync('/work/answer', JSON.stringify(value ?? null)); console.log(fs.readFileSync('/work/answer', 'utf8')); process.exit() })`;
  const settings = { ...readConfig({}), workerPorts: [...ports], ...config };
  const worker = await openWorker(
    sandbox,
    { 'main.js': main, ...files },
    { networkPorts: networkPorts(settings), ...options },
  );
  const guard = new AddressGuard({ allowed: new AllowList(allowed), setting: 'THE_SETTING', resolve });
  const notices: string[] = [];
  const { ledger, counted } = countHosts();
  let trafficBytes = 0;
  const session = new EgressProxy(settings, guard).serve({
    credentials: undefined,
    region,
    ledger,
    allowed: { worker: allowedHosts && new HostList(allowedHosts) },
    onTraffic: (bytes) => {
      trafficBytes += bytes;
    },
    onNotice: (message) => notices.push(message),
  });
  onTestFinished(() => session.close());
  if (worker.network === undefined) throw new Error('the sandbox has no network');
  serveWorkerNetwork(settings, worker.network, session);
  const { stdout, stderr, exitCode } = await finish(worker);
  session.close();
  if (exitCode !== 0) throw new Error(`the worker failed: ${stderr}`);
  return { value: JSON.parse(stdout), notices, trafficBytes, hosts: counted() };
}
