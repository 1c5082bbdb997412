/**
 * Bounds requests whose bodies arrive slowly or never: each has to go on arriving, and an address may have only so many
 * unfinished ones. Otherwise a few clients could hold connections and memory for long.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChelaError, invalidArgument } from '../errors.ts';
import type { ApiApp } from './api-context.ts';

/** Bytes that have to arrive in each period. */
const leastBytes = 16 * 1024;

interface SlowBodyLimits {
  /** Length of a period. */
  readonly bodyStallSeconds: number;
  /** Maximum number of unfinished bodies of one address. */
  readonly unfinishedBodyLimit: number;
}

export function boundSlowBodies(app: ApiApp, limits: SlowBodyLimits): void {
  const unfinished = new Map<string, number>();
  app.addHook('onRequest', (request, reply, done) => {
    if (!hasBody(request)) {
      done();
      return;
    }
    const { ip } = request;
    const count = (unfinished.get(ip) ?? 0) + 1;
    if (count > limits.unfinishedBodyLimit) {
      reply.header('connection', 'close');
      done(
        new ChelaError(
          'RATE_LIMITED',
          `${limits.unfinishedBodyLimit} requests of this address (CHELA_UNFINISHED_BODY_LIMIT) have bodies that have not arrived yet: send fewer at a time`,
        ),
      );
      return;
    }
    unfinished.set(ip, count);
    watch(request, reply, limits.bodyStallSeconds, () => {
      const rest = (unfinished.get(ip) ?? 1) - 1;
      if (rest === 0) unfinished.delete(ip);
      else unfinished.set(ip, rest);
    });
    done();
  });
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Refuses the request once its body stalls. @param onSettled called once, when it has arrived or never will */
function watch(request: FastifyRequest, reply: FastifyReply, seconds: number, onSettled: () => void): void {
  const { raw } = request;
  let before = raw.socket.bytesRead;
  const timer = setInterval(() => {
    const { bytesRead } = raw.socket;
    // What nothing reads cannot arrive, or has arrived already.
    const isRead = raw.readableFlowing === true && !raw.complete;
    if (!isRead || bytesRead - before >= leastBytes) {
      before = bytesRead;
      return;
    }
    settle();
    if (reply.sent) return;
    reply.header('connection', 'close');
    void reply.send(
      invalidArgument(
        `less than ${leastBytes / 1024} KiB of the body arrived within ${seconds} s (CHELA_BODY_STALL_SECONDS)`,
      ),
    );
  }, seconds * 1000);
  timer.unref();
  const settle = (): void => {
    clearInterval(timer);
    raw.off('end', settle).off('close', settle);
    onSettled();
  };
  raw.once('end', settle).once('close', settle);
}
