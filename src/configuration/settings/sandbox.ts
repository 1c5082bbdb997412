import { availableParallelism } from 'node:os';
import path from 'node:path';
import { largestSafe, mebibyte, setting } from '../setting.ts';
import { integer, oneOf, text } from '../setting-parsers.ts';

/** Isolation of subtasks, and their limits on the machine. */
export const sandboxSettings = {
  sandbox: setting<'bubblewrap' | 'docker' | 'process'>({
    environment: 'CHELA_SANDBOX',
    default: 'bubblewrap',
    parse: oneOf('bubblewrap', 'docker', 'process'),
    describe:
      'How subtasks are isolated. process does not isolate them: use it only for development, with workers you trust.',
  }),
  cgroups: setting<'auto' | 'off'>({
    environment: 'CHELA_CGROUPS',
    default: 'auto',
    parse: oneOf('auto', 'off'),
    describe:
      'Whether each subtask gets a cgroup. auto uses cgroups if the machine allows it. Without cgroups, memory is only polled and cpus are not enforced.',
  }),
  sandboxUserId: setting<number>({
    environment: 'CHELA_SANDBOX_USER_ID',
    default: 210_000,
    parse: integer(1000, 4_000_000_000),
    describe:
      'First user ID for sandboxes when the runner is root. Each slot, browser and warm sandbox uses one ID, counting up from here.',
  }),
  warmSandboxes: setting<number>({
    environment: 'CHELA_WARM_SANDBOXES',
    default: Math.max(2, availableParallelism()),
    defaultText: 'the number of processors, at least 2',
    parse: integer(0, 10_000),
    describe:
      'Maximum warm sandboxes of a runner: opened in advance, with the settings of recent subtasks. 0 opens each sandbox when its subtask starts.',
  }),
  warmSandboxMemoryBytes: setting<number>({
    environment: 'CHELA_WARM_SANDBOX_MEMORY_BYTES',
    default: 256 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Maximum memory of all warm sandboxes together. Each uses 10 to 25 MB.',
  }),
  sandboxProcessLimit: setting<number>({
    environment: 'CHELA_SANDBOX_PROCESS_LIMIT',
    default: 512,
    parse: integer(32, 1_000_000),
    describe: 'Maximum processes and threads of one subtask.',
  }),
  sandboxOpenFileLimit: setting<number>({
    environment: 'CHELA_SANDBOX_OPEN_FILE_LIMIT',
    default: 4096,
    parse: integer(64, 1_000_000),
    describe: 'Maximum open files of one process in a sandbox.',
  }),
  sandboxFileSizeBytes: setting<number>({
    environment: 'CHELA_SANDBOX_FILE_SIZE_BYTES',
    default: 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Maximum size of a file that a worker writes.',
  }),
  sandboxTmpBytes: setting<number>({
    environment: 'CHELA_SANDBOX_TMP_BYTES',
    default: 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Size of /tmp of a subtask. It is in memory and counts toward the memory limit.',
  }),
  sandboxDiskBytes: setting<number>({
    environment: 'CHELA_SANDBOX_DISK_BYTES',
    default: 4096 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe:
      "Maximum total size of a subtask's work folder and home, including the copy of its package. Checked about every second.",
  }),
  sandboxDiskFileLimit: setting<number>({
    environment: 'CHELA_SANDBOX_DISK_FILE_LIMIT',
    default: 200_000,
    parse: integer(100, largestSafe),
    describe: "Maximum number of files and folders in a subtask's work folder and home together.",
  }),
  workerCaFile: setting<string>({
    environment: 'CHELA_WORKER_CA_FILE',
    default: '',
    defaultText: 'none',
    parse: (value) => path.resolve(value),
    describe:
      "PEM file of certificate authorities that workers and their browsers trust in addition to the host's own.",
  }),
  dockerHost: setting<string>({
    environment: 'DOCKER_HOST',
    default: 'unix:///var/run/docker.sock',
    // Checked where it is used: shells may set it for other programs, to values that only those understand.
    parse: text,
    describe:
      'Docker Engine for the docker sandbox, as unix:///PATH or tcp://HOST:PORT. It must run on this machine.',
  }),
  dockerCertDir: setting<string>({
    environment: 'DOCKER_CERT_PATH',
    default: '',
    defaultText: 'none: no TLS',
    parse: (value) => path.resolve(value),
    describe: 'Folder with ca.pem, cert.pem and key.pem, for a tcp:// engine that requires TLS.',
  }),
  dockerImage: setting<string>({
    environment: 'CHELA_DOCKER_IMAGE',
    default: '',
    defaultText: 'none: required for the docker sandbox',
    parse: text,
    describe:
      'Image of the docker sandbox. It must already be on the engine; docs/sandboxes.md lists what it must contain.',
  }),
  dockerRuntime: setting<string>({
    environment: 'CHELA_DOCKER_RUNTIME',
    default: '',
    defaultText: "the engine's default",
    parse: text,
    describe: "OCI runtime of the docker sandbox, by its name in the engine's configuration, such as runsc.",
  }),
} as const;
