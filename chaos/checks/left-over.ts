/** What the nodes left behind after they were stopped: processes, mounts, cgroups, folders, connections, leases. */
import { glob, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { runnerNames, sandboxUsers, type Cluster } from '../cluster/cluster.ts';
import type { Finding } from './finding.ts';

export async function checkLeftOver(cluster: Cluster, killed: readonly string[]): Promise<Finding[]> {
  const found = [
    ...killed.map((name) => `the process of ${name} did not end after SIGTERM`),
    ...(await processes(cluster)),
    ...(await mounts(cluster)),
    ...(await cgroups(cluster)),
    ...(await scratchFolders(cluster)),
    ...(await databaseState(cluster)),
  ];
  return found.map((sentence) => ({ kind: 'left over', sentence }));
}

/** Those of the nodes and their sandboxes, which run as users of their own. */
async function processes({ options: { folder } }: Cluster): Promise<string[]> {
  const entries = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    entries.map(async (pid) => {
      try {
        const { uid } = await stat(`/proc/${pid}`);
        const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
        const isSandboxed = uid >= sandboxUsers.first && uid <= sandboxUsers.last;
        const isNode = commandLine.includes(`${folder}/cache-`);
        return isSandboxed || isNode ? [`process ${pid}: ${commandLine.slice(0, 100)}`] : [];
      } catch {
        // It ended in the meantime.
        return [];
      }
    }),
  );
  return found.flat();
}

/** Apart from the cluster's own disks. */
async function mounts({ options: { folder }, disks }: Cluster): Promise<string[]> {
  const own = new Set(Array.from(disks.values(), (disk) => disk.path));
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const points = lines.map((line) => line.split(' ')[1] ?? '');
  return points
    .filter((point) => point.startsWith(folder) && !own.has(point))
    .map((point) => `mount ${point}`);
}

async function cgroups({ nodes }: Cluster): Promise<string[]> {
  const found: string[] = [];
  for (const { program } of nodes.values()) {
    for (const processId of program.processIds) {
      for await (const folder of glob(`*/**/chela-${processId}-*`, { cwd: '/sys/fs/cgroup' }))
        found.push(`cgroup ${folder}`);
    }
  }
  return found;
}

async function scratchFolders(cluster: Cluster): Promise<string[]> {
  const found = await Promise.all(
    runnerNames.map(async (name) => {
      const scratch = path.join(cluster.node(name).cacheDir, 'scratch');
      return (await readdir(scratch).catch(() => [])).map((entry) => `folder ${path.join(scratch, entry)}`);
    }),
  );
  return found.flat();
}

async function databaseState({ postgres }: Cluster): Promise<string[]> {
  const rows = await postgres.query<{ what: string }>(
    `SELECT 'connection ' || pid || ' of ' || application_name || ': ' || left(query, 80) AS what
     FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'chaos'
     UNION ALL SELECT 'lease of the runner ' || id FROM runner`,
  );
  return rows.map(({ what }) => what);
}
