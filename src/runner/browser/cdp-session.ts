/**
 * Joins a client's WebSocket and a browser's DevTools connection. Each direction is as fast as its receiver; messages from
 * the browser are passed on in pieces as they come, however long they are.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { solverAnswer } from './captcha-solver.ts';
import type { Framing } from './devtools-framing.ts';

/** Bytes on their way to a client above which the browser has to wait. */
const highWaterBytes = 1024 * 1024;
/**
 * More than the browser is let say: answers of our own to a client that asks and never reads. A client that does not read
 * while it sends is none of those.
 */
const mostUnreadBytes = 16 * 1024 * 1024;
const mostOwnAnswers = 100;
/** Code of the WebSocket protocol for a server that ends. */
const goingAway = 1001;

export class CdpSession {
  readonly #client: WebSocket;
  readonly #pipe: Socket;
  readonly #framing: Framing;
  /** Answers of our own, which wait for the end of the message that is being passed on. */
  readonly #ownAnswers: string[] = [];
  #isWithinMessage = false;

  /** @param pipe connection to the browser, paused at the start of a message */
  constructor(client: WebSocket, pipe: Socket, framing: Framing) {
    this.#client = client;
    this.#pipe = pipe;
    this.#framing = framing;
  }

  /** Passes messages on until either side ends; both are closed then. Never rejects. */
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
    // Its answer to that wants to be read.
    this.#client.resume();
    this.#pipe.destroy();
  }

  #fromClient(data: RawData): void {
    const message = data as Buffer;
    const answer = solverAnswer(message);
    if (answer === undefined) {
      this.#pipe.cork();
      for (const part of this.#framing.encode(message)) this.#pipe.write(part);
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

  /** Lets each side speak as far as the other listens. */
  readonly #balance = (): void => {
    const unreadBytes = this.#client.bufferedAmount;
    if (unreadBytes > highWaterBytes) this.#pipe.pause();
    else this.#pipe.resume();
    if (this.#client.readyState !== this.#client.OPEN) return;
    const asksTooMuch = unreadBytes > mostUnreadBytes || this.#ownAnswers.length > mostOwnAnswers;
    if (this.#pipe.writableNeedDrain || asksTooMuch) this.#client.pause();
    else this.#client.resume();
  };
}
