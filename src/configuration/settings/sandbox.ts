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
      'How subtasks are fenced in. process isolates nothing: only for development with workers you trust.',
  }),
  cgroups: setting<'auto' | 'off'>({
    environment: 'CHELA_CGROUPS',
    default: 'auto',
    parse: oneOf('auto', 'off'),
    describe:
      'Whether each subtask gets a cgroup, where the machine lets the runner make some. Without, memory is watched and cpus are not enforced.',
  }),
  sandboxUserId: setting<number>({
    environment: 'CHELA_SANDBOX_USER_ID',
    default: 210_000,
    parse: integer(1000, 4_000_000_000),
    describe:
      'First of the user ids that sandboxes get when the runner is root: one a slot, then one a browser and one a warm sandbox.',
  }),
  warmSandboxes: setting<number>({
    environment: 'CHELA_WARM_SANDBOXES',
    default: Math.max(2, availableParallelism()),
    defaultText: 'the processors, at least 2',
    parse: integer(0, 10_000),
    describe:
      'Most sandboxes that a runner keeps open ahead of the subtasks to come, alike to those of late. 0 opens each when its subtask comes.',
  }),
  warmSandboxMemoryBytes: setting<number>({
    environment: 'CHELA_WARM_SANDBOX_MEMORY_BYTES',
    default: 256 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Most memory of all sandboxes that are open ahead; each takes 10 to 25 MB.',
  }),
  sandboxProcessLimit: setting<number>({
    environment: 'CHELA_SANDBOX_PROCESS_LIMIT',
    default: 512,
    parse: integer(32, 1_000_000),
    describe: 'Most processes and threads of one subtask.',
  }),
  sandboxOpenFileLimit: setting<number>({
    environment: 'CHELA_SANDBOX_OPEN_FILE_LIMIT',
    default: 4096,
    parse: integer(64, 1_000_000),
    describe: 'Most open files of one process in a sandbox.',
  }),
  sandboxFileSizeBytes: setting<number>({
    environment: 'CHELA_SANDBOX_FILE_SIZE_BYTES',
    default: 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: 'Largest file a worker may write.',
  }),
  sandboxTmpBytes: setting<number>({
    environment: 'CHELA_SANDBOX_TMP_BYTES',
    default: 1024 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe: "Size of a subtask's /tmp, which is memory and counts as such.",
  }),
  sandboxDiskBytes: setting<number>({
    environment: 'CHELA_SANDBOX_DISK_BYTES',
    default: 4096 * mebibyte,
    parse: integer(mebibyte, largestSafe),
    describe:
      "Most that a subtask's work folder and home hold together, the copy of its package included; looked at about every second.",
  }),
  sandboxDiskFileLimit: setting<number>({
    environment: 'CHELA_SANDBOX_DISK_FILE_LIMIT',
    default: 200_000,
    parse: integer(100, largestSafe),
    describe: "Most files and folders in a subtask's work folder and home together.",
  }),
  dockerHost: setting<string>({
    environment: 'DOCKER_HOST',
    default: 'unix:///var/run/docker.sock',
    // Checked where it is used: shells may set it for other programs, to values that only those understand.
    parse: text,
    describe: 'The Docker Engine of the docker sandbox, on this machine: unix:///PATH or tcp://HOST:PORT.',
  }),
  dockerCertDir: setting<string>({
    environment: 'DOCKER_CERT_PATH',
    default: '',
    defaultText: 'none: no TLS',
    parse: (value) => path.resolve(value),
    describe: 'Folder with ca.pem, cert.pem and key.pem for an engine at tcp:// that wants TLS.',
  }),
  dockerImage: setting<string>({
    environment: 'CHELA_DOCKER_IMAGE',
    default: '',
    defaultText: 'none: the docker sandbox needs one',
    parse: text,
    describe: 'Image of the docker sandbox, already on the engine. What it must have: docs/sandboxes.md.',
  }),
  dockerRuntime: setting<string>({
    environment: 'CHELA_DOCKER_RUNTIME',
    default: '',
    defaultText: "the engine's own",
    parse: text,
    describe: 'OCI runtime of the docker sandbox by the name the engine knows it by, such as runsc.',
  }),
} as const;
