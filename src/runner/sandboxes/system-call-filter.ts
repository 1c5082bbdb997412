/**
 * A seccomp program that refuses system calls which need no privileges: memory that no limit counts, resources that
 * namespaces do not isolate, parts of the kernel that no scraper needs, and access to other processes. Tracing is allowed
 * for debuggers; the kernel refuses it for the first process (see `bubblewrap-arguments.ts`).
 */
import { constants } from 'node:os';

/** Numbers of system calls on one processor architecture, from the kernel's tables. */
interface CallNumbers {
  readonly architecture: number;
  readonly socket: number;
  readonly refused: Readonly<Record<string, number>>;
}

const numbers: Readonly<Record<string, CallNumbers>> = {
  x64: {
    architecture: 0xc000003e,
    socket: 41,
    refused: {
      memfd_create: 319,
      memfd_secret: 447,
      shmget: 29,
      msgget: 68,
      semget: 64,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      bpf: 321,
      io_uring_setup: 425,
      userfaultfd: 323,
      perf_event_open: 298,
      process_vm_readv: 310,
      process_vm_writev: 311,
      kcmp: 312,
      pidfd_getfd: 438,
    },
  },
  arm64: {
    architecture: 0xc00000b7,
    socket: 198,
    refused: {
      memfd_create: 279,
      memfd_secret: 447,
      shmget: 194,
      msgget: 186,
      semget: 190,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      bpf: 280,
      io_uring_setup: 425,
      userfaultfd: 282,
      perf_event_open: 241,
      process_vm_readv: 270,
      process_vm_writev: 271,
      kcmp: 272,
      pidfd_getfd: 438,
    },
  },
};

/** Unix, IPv4, IPv6, netlink. Others, such as sockets to a hypervisor, ignore network namespaces. */
const socketFamilies = [1, 2, 10, 16];

/** First number of the x32 interface on x64. */
const firstForeignCall = 0x40000000;

const [allow, fail] = [0x7fff0000, 0x00050000];
/** Offsets in the kernel's `seccomp_data`. */
const offsets = { number: 0, architecture: 4, firstArgument: 16 } as const;
const codes = { load: 0x20, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, answer: 0x06 } as const;

function instruction(code: keyof typeof codes, operand: number, whenTrue = 0, whenFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(codes[code], 0);
  bytes.writeUInt8(whenTrue, 2);
  bytes.writeUInt8(whenFalse, 3);
  bytes.writeUInt32LE(operand, 4);
  return bytes;
}

/**
 * The program in the format of bubblewrap's `--seccomp`. Refused calls fail as on a kernel without them (ENOSYS, or
 * EAFNOSUPPORT for sockets), so that libraries use their fallbacks.
 * @throws Error if the processor is not supported
 */
export function systemCallFilter(processor: string): Buffer {
  const known = numbers[processor];
  if (known === undefined) {
    throw new Error(`the bubblewrap sandbox does not support ${processor} processors`);
  }
  const refuse = instruction('answer', fail | constants.errno.ENOSYS);
  return Buffer.concat([
    instruction('load', offsets.architecture),
    instruction('jumpIfEqual', known.architecture, 1, 0),
    refuse,
    instruction('load', offsets.number),
    instruction('jumpIfAtLeast', firstForeignCall, 0, 1),
    refuse,
    ...Object.values(known.refused).flatMap((call) => [instruction('jumpIfEqual', call, 0, 1), refuse]),
    instruction('jumpIfEqual', known.socket, 0, socketFamilies.length + 2),
    instruction('load', offsets.firstArgument),
    ...socketFamilies.map((family, index) =>
      instruction('jumpIfEqual', family, socketFamilies.length - index, 0),
    ),
    instruction('answer', fail | constants.errno.EAFNOSUPPORT),
    instruction('answer', allow),
  ]);
}
