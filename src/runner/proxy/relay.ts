/** Joins a worker's connection and one to its target until both are done. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { RelayReader } from './relay-reader.ts';

/**
 * Passes the bytes of each to the other, no faster than that takes them. The end of one side is passed on while the other
 * may still send; a connection that breaks takes the other with it, so what was cut short does not look complete.
 * @param reader that the target is read by, if it has one
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
    // What has been passed on is still delivered.
    if (one.readableEnded) other.destroySoon();
    else if (other instanceof TLSSocket || other.destroyed) other.destroy();
    else other.resetAndDestroy();
  };
  if (one.destroyed) onClose();
  else one.once('close', onClose);
}
