/** A queue of connections from a fence that wait until the runner uses them. */
import type { Server, Socket } from 'node:net';

/** More connections can only come from another program in the fence. */
const maxWaiting = 8;

export class WaitingConnections {
  readonly #ready: Socket[] = [];
  readonly #takers: ((connection: Socket) => void)[] = [];

  accept(listener: Server): void {
    listener.on('connection', (connection: Socket) => this.#offer(connection));
  }

  /** Takes the oldest waiting connection, or waits for the next. */
  async take(): Promise<Socket> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    return new Promise((resolve) => {
      this.#takers.push(resolve);
    });
  }

  #offer(connection: Socket): void {
    connection.setNoDelay(true);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(connection);
    else if (this.#ready.length < maxWaiting) {
      this.#ready.push(connection);
      connection.once('close', () => {
        const index = this.#ready.indexOf(connection);
        if (index !== -1) this.#ready.splice(index, 1);
      });
    } else connection.destroy();
  }
}
