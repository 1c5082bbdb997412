/**
 * The DNS server of one sandbox, over UDP and TCP. It forwards no query: it answers every name with a synthetic address. The
 * proxy resolves the name when the worker connects.
 */
import type { Socket as DatagramSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import type { AddressBook } from './address-book.ts';
import {
  addressRecord,
  nameRecord,
  readQuestion,
  recordTypes,
  responseCodes,
  reversedAddress,
  writeAnswer,
  type AnswerRecord,
  type Question,
  type ResponseCode,
} from './dns-message.ts';
import { QuestionBudget } from './question-budget.ts';

/** Time to live of answers; the address book keeps names longer. */
const keptSeconds = 60;
const idleMilliseconds = 15_000;
/** Maximum number of open connections, each of which is an open file of the runner. */
const maxConnections = 64;
/** The characters that the proxy accepts in names. */
const label = /^[a-z\d_-]+$/;
const longestName = 253;
/** Top-level domains without hosts (RFC 6761, RFC 7686). */
const nowhere = new Set(['invalid', 'onion']);

interface Answer {
  readonly code: ResponseCode;
  readonly records?: readonly AnswerRecord[];
}

export interface NameServerOptions {
  readonly book: AddressBook;
  /** Whether the sandbox's network has IPv6. */
  readonly hasIPv6: boolean;
  /** Receives messages for the run's log when queries are not answered. */
  readonly onNotice: (message: string) => void;
}

export class NameServer {
  readonly #options: NameServerOptions;
  readonly #budget: QuestionBudget;
  #connections = 0;

  constructor(options: NameServerOptions) {
    this.#options = options;
    this.#budget = new QuestionBudget(options.onNotice);
  }

  /** Serves a socket until its owner closes it. After too many unanswered queries it is closed here. */
  serveDatagrams(socket: DatagramSocket): void {
    socket.on('error', () => {
      // An answer could not be sent; the worker asks again.
    });
    socket.on('message', (message, { address, port }) => {
      if (!this.#budget.take()) {
        if (this.#budget.isExhausted) socket.close();
        return;
      }
      const answer = this.#answerTo(message);
      if (answer !== undefined) socket.send(answer, port, address, () => undefined);
    });
  }

  /** Serves DNS over TCP: two bytes of length before each message. A connection beyond the limit is closed. */
  serveConnection(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#connections >= maxConnections) {
      this.#options.onNotice(
        `more than ${maxConnections} connections to the name server: further ones are closed`,
      );
      socket.destroy();
      return;
    }
    this.#connections += 1;
    socket.once('close', () => {
      this.#connections -= 1;
    });
    socket.setTimeout(idleMilliseconds, () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const answers: Buffer[] = [];
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const answer = this.#budget.take() ? this.#answerTo(received.subarray(2, end)) : undefined;
        received = received.subarray(end);
        if (answer === undefined) {
          socket.destroy();
          return;
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        answers.push(length, answer);
      }
      // A client that does not read its answers gets no more.
      if (answers.length === 0 || socket.write(Buffer.concat(answers))) return;
      socket.pause();
      socket.once('drain', () => socket.resume());
    });
  }

  #answerTo(message: Buffer): Buffer | undefined {
    const reading = readQuestion(message);
    if (reading === undefined) return undefined;
    if ('refusal' in reading) return writeAnswer(message, reading.refusal);
    const { code, records } = this.#answer(reading.question);
    return writeAnswer(message, code, { end: reading.end, records: records ?? [], seconds: keptSeconds });
  }

  #answer({ name, type }: Question): Answer {
    const { book } = this.#options;
    if (name.endsWith('.arpa')) {
      const found = book.nameOf(reversedAddress(name) ?? '');
      if (found === undefined) return { code: responseCodes.noSuchName };
      return { code: responseCodes.done, records: type === recordTypes.ptr ? [nameRecord(found)] : [] };
    }
    const labels = name.split('.');
    const last = labels.at(-1) ?? '';
    if (last === 'localhost') return this.#addresses({ ipv4: '127.0.0.1', ipv6: '::1' }, type);
    const isName = name.length <= longestName && labels.every((part) => label.test(part));
    if (!isName || nowhere.has(last)) return { code: responseCodes.noSuchName };
    const standIn = book.standInFor(name);
    if (standIn !== undefined) return this.#addresses(standIn, type);
    this.#options.onNotice('too many host names are in use at a time: further names are not resolved');
    return { code: responseCodes.failed };
  }

  /** A name has no records of other types. */
  #addresses({ ipv4, ipv6 }: { ipv4: string; ipv6: string }, type: number): Answer {
    const { hasIPv6 } = this.#options;
    const addresses = [
      ...(type === recordTypes.a || type === recordTypes.any ? [ipv4] : []),
      ...(hasIPv6 && (type === recordTypes.aaaa || type === recordTypes.any) ? [ipv6] : []),
    ];
    return { code: responseCodes.done, records: addresses.map(addressRecord) };
  }
}
