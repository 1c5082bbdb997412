import type { Socket } from 'node:net';

/** Time a client gets to read why it was refused. */
const farewellMilliseconds = 2000;

/** Sends a last answer and ends the connection once the client has ended its side, or soon. */
export function farewell(client: Socket, answer: Buffer | string): void {
  client.end(answer);
  // Bytes nobody reads would have the system reset the connection before the answer is read.
  client.resume();
  client.setTimeout(farewellMilliseconds, () => client.destroy());
}
