/**
 * Joins a client's WebSocket and a browser's pipe of DevTools: a message of the one is a text between NULs of the other.
 * Both ways go no faster than what takes them; what a browser says is passed on in pieces as it comes, however long a
 * message is.
 */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { solverAnswer } from './captcha-solver.ts';

const separator = 0;
/** Bytes on their way to a client above which the browser has to wait. */
const highWaterBytes = 1024 * 1024;
/** Of the WebSocket protocol. */
const closeCodes = { normal: 1000, goingAway: 1001 } as const;

export class CdpSession {
  readonly #client: WebSocket;
  readonly #pipe: Socket;
  /** Answers of our own, which wait for the end of the message that is being passed on. */
  readonly #ownAnswers: string[] = [];
  #isWithinMessage = false;

  /** @param pipe of which nothing is read yet */
  constructor(client: WebSocket, pipe: Socket) {
    this.#client = client;
    this.#pipe = pipe;
  }

  /** Passes messages on until either side ends; both are closed then. Never rejects. */
  async run(): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.#client.on('message', (data) => this.#fromClient(data));
    this.#client.once('close', () => {
      this.#pipe.destroy();
      ended.resolve();
    });
    this.#client.on('error', () => this.#client.terminate());
    this.#pipe.on('drain', () => this.#client.resume());
    this.#pipe.on('data', (chunk: Buffer) => this.#fromBrowser(chunk));
    this.#pipe.once('close', () => {
      if (this.#isWithinMessage) this.#client.terminate();
      else this.close('the browser ended');
      ended.resolve();
    });
    this.#pipe.resume();
    return ended.promise;
  }

  /** Ends the session from our side. */
  close(reason: string): void {
    const { normal, goingAway } = closeCodes;
    this.#client.close(reason === '' ? normal : goingAway, reason);
    this.#client.resume();
    this.#pipe.destroy();
  }

  #fromClient(data: RawData): void {
    const message = data as Buffer;
    const answer = solverAnswer(message);
    if (answer !== undefined) {
      this.#ownAnswers.push(answer);
      if (!this.#isWithinMessage) this.#sendOwnAnswers();
      return;
    }
    this.#pipe.cork();
    this.#pipe.write(message);
    if (!this.#pipe.write(Buffer.of(separator))) this.#client.pause();
    this.#pipe.uncork();
  }

  #fromBrowser(chunk: Buffer): void {
    let begin = 0;
    while (begin < chunk.length) {
      const end = chunk.indexOf(separator, begin);
      const isLast = end !== -1;
      const piece = chunk.subarray(begin, isLast ? end : chunk.length);
      this.#client.send(piece, { binary: false, fin: isLast }, this.#onSent);
      this.#isWithinMessage = !isLast;
      if (isLast) this.#sendOwnAnswers();
      begin += piece.length + 1;
    }
    if (this.#client.bufferedAmount > highWaterBytes) this.#pipe.pause();
  }

  readonly #onSent = (): void => {
    if (this.#pipe.isPaused() && this.#client.bufferedAmount <= highWaterBytes) this.#pipe.resume();
  };

  #sendOwnAnswers(): void {
    for (const answer of this.#ownAnswers.splice(0)) this.#client.send(answer);
  }
}
