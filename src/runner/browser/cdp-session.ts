/**
 * Relays between a client's WebSocket and a browser's DevTools connection, at the receiver's pace in each direction.
 * Messages from the browser are passed on in pieces as they arrive, so they may be of any length.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { solverAnswer } from './captcha-solver.ts';
import type { Framing } from './devtools-framing.ts';

/** Unsent bytes to a client above which reading from the browser pauses. */
const highWaterBytes = 1024 * 1024;
/**
 * Unsent bytes to a client above which reading from the client pauses. The browser alone cannot reach it, so our own
 * answers have accumulated because the client sends commands but never reads.
 */
const maxUnreadBytes = 16 * 1024 * 1024;
const maxOwnAnswers = 100;
/** WebSocket close code of a server that shuts down. */
const goingAway = 1001;

export class CdpSession {
  readonly #client: WebSocket;
  readonly #pipe: Socket;
  readonly #framing: Framing;
  readonly #translate: (message: Buffer) => Buffer;
  /** Our own answers, which wait until the current message has been passed on completely. */
  readonly #ownAnswers: string[] = [];
  #isWithinMessage = false;

  /**
   * @param pipe connection to the browser, paused at the start of a message
   * @param translate what the browser gets in place of a client's message
   */
  constructor(client: WebSocket, pipe: Socket, framing: Framing, translate: (message: Buffer) => Buffer) {
    this.#client = client;
    this.#pipe = pipe;
    this.#framing = framing;
    this.#translate = translate;
  }

  /** Relays messages until one side ends, then closes both. Never rejects. */
  async run(): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.#client.on('message', (data) => this.#fromClient(data));
    this.#client.on('ping', this.#balance);
    this.#client.once('close', () => {
      this.#pipe.destroy();
      ended.resolve();
    });
    this.#client.on('error', () => this.#client.terminate());
    this.#pipe.on('drain', this.#balance);
    this.#pipe.on('data', (chunk: Buffer) => this.#fromBrowser(chunk));
    this.#pipe.once('close', () => {
      if (this.#isWithinMessage) this.#client.terminate();
      else this.close('the browser closed the connection');
      ended.resolve();
    });
    this.#pipe.resume();
    return ended.promise;
  }

  /** Ends the session from our side. */
  close(reason: string): void {
    this.#client.close(goingAway, reason);
    // Read the client's answer, which completes the closing handshake.
    this.#client.resume();
    this.#pipe.destroy();
  }

  #fromClient(data: RawData): void {
    const message = data as Buffer;
    const answer = solverAnswer(message);
    if (answer === undefined) {
      this.#pipe.cork();
      for (const part of this.#framing.encode(this.#translate(message))) this.#pipe.write(part);
      this.#pipe.uncork();
    } else {
      this.#ownAnswers.push(answer);
      if (!this.#isWithinMessage) this.#sendOwnAnswers();
    }
    this.#balance();
  }

  #fromBrowser(chunk: Buffer): void {
    for (const { bytes, isLast } of this.#framing.decode(chunk)) {
      this.#client.send(bytes, { binary: false, fin: isLast }, this.#balance);
      this.#isWithinMessage = !isLast;
      if (isLast) this.#sendOwnAnswers();
    }
    this.#balance();
  }

  #sendOwnAnswers(): void {
    for (const answer of this.#ownAnswers.splice(0)) this.#client.send(answer, this.#balance);
  }

  /** Pauses or resumes each side, depending on how fast the other reads. */
  readonly #balance = (): void => {
    const unreadBytes = this.#client.bufferedAmount;
    if (unreadBytes > highWaterBytes) this.#pipe.pause();
    else this.#pipe.resume();
    if (this.#client.readyState !== this.#client.OPEN) return;
    const asksTooMuch = unreadBytes > maxUnreadBytes || this.#ownAnswers.length > maxOwnAnswers;
    if (this.#pipe.writableNeedDrain || asksTooMuch) this.#client.pause();
    else this.#client.resume();
  };
}
