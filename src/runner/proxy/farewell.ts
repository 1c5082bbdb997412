import type { Socket } from 'node:net';

/** Time for a client to read the last answer. */
const farewellMilliseconds = 2000;

/** Sends a last answer. Closes the connection when the client has ended its side, or after a short time. */
export function farewell(client: Socket, answer: Buffer | string): void {
  client.end(answer);
  // With unread bytes, closing would reset the connection before the client has read the answer.
  client.resume();
  client.setTimeout(farewellMilliseconds, () => client.destroy());
}
