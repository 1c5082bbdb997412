/**
 * The system calls that a worker is refused though no privilege is needed for them, as a program of seccomp: memory that no
 * limit counts, what namespaces do not keep apart, parts of the kernel that no scraper needs, and reaching into other
 * processes. Tracing stays, for debuggers: the kernel refuses it for the first process (see `bubblewrap-arguments.ts`).
 */
import { constants } from 'node:os';

/** Numbers by processor, from the kernel's tables. */
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

/** Unix, IPv4, IPv6, netlink. Others, such as the sockets to a hypervisor, know no network namespace. */
const socketFamilies = [1, 2, 10, 16];

/** The other interface of x64 numbers its calls from here. */
const firstForeignCall = 0x40000000;

const [allow, fail] = [0x7fff0000, 0x00050000];
/** Offsets in what the kernel shows of a call. */
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
 * The program, as bubblewrap's `--seccomp` reads it. What is refused fails as on a kernel that lacks it (ENOSYS, or
 * EAFNOSUPPORT for a socket), for which libraries have another way.
 * @throws Error for a processor whose system calls are not known here
 */
export function systemCallFilter(processor: string): Buffer {
  const known = numbers[processor];
  if (known === undefined) {
    throw new Error(`the bubblewrap sandbox does not support ${processor} processors`);
  }
  const lacking = instruction('answer', fail | constants.errno.ENOSYS);
  return Buffer.concat([
    instruction('load', offsets.architecture),
    instruction('jumpIfEqual', known.architecture, 1, 0),
    lacking,
    instruction('load', offsets.number),
    instruction('jumpIfAtLeast', firstForeignCall, 0, 1),
    lacking,
    ...Object.values(known.refused).flatMap((call) => [instruction('jumpIfEqual', call, 0, 1), lacking]),
    instruction('jumpIfEqual', known.socket, 0, socketFamilies.length + 2),
    instruction('load', offsets.firstArgument),
    ...socketFamilies.map((family, index) =>
      instruction('jumpIfEqual', family, socketFamilies.length - index, 0),
    ),
    instruction('answer', fail | constants.errno.EAFNOSUPPORT),
    instruction('answer', allow),
  ]);
}
