/** Relays between a worker's connection and a connection to its target until both have ended. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { RelayReader } from './relay-reader.ts';

/**
 * Passes the bytes of each side to the other, at the receiver's pace. If one side ends, the other can still send. If
 * one connection breaks, the other is reset, so that truncated data does not look complete.
 * @param reader reads the target's connection, if it was opened with one
 */
export function relay(client: Socket, target: Socket, reader?: RelayReader): void {
  client.pipe(target);
  if (reader === undefined) target.pipe(client);
  else reader.pipe(target, client);
  joinEnds(client, target);
  joinEnds(target, client);
}

function joinEnds(one: Socket, other: Socket): void {
  const onClose = (): void => {
    // Deliver the bytes that are already passed on.
    if (one.readableEnded) other.destroySoon();
    else if (other instanceof TLSSocket || other.destroyed) other.destroy();
    else other.resetAndDestroy();
  };
  // Its close says all there is to say; an error without a listener would end the process.
  one.on('error', () => one.destroy());
  if (one.destroyed) onClose();
  else one.once('close', onClose);
}
