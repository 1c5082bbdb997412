/** Connects to targets: directly, or through the upstream proxy of a region. */
import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { isPublicAddress } from '../../addresses/addresses.ts';
import { DialError } from './dial-error.ts';
import type { RelayReader } from './relay-reader.ts';
import { targetText, type Target } from './target.ts';
import type { TargetResolver } from './target-resolver.ts';
import { requestTunnel, secureUpstream, type Upstream } from './upstream.ts';

/** Half-open, so that one side can still send after the other has ended. */
const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true } as const;

export class Dialer {
  readonly #resolver: TargetResolver;
  readonly #upstream: Upstream | undefined;

  /** @param upstream connections are direct if undefined */
  constructor(resolver: TargetResolver, upstream: Upstream | undefined) {
    this.#resolver = resolver;
    this.#upstream = upstream;
  }

  /** Whether it connects to targets without an upstream proxy. */
  get isDirect(): boolean {
    return this.#upstream === undefined;
  }

  /**
   * @param signal cancels the attempt and closes everything that it opened
   * @param reader reads the connection if it is direct
   * @returns a connection that carries only the target's bytes and has an error listener
   * @throws DialError
   */
  async dial(target: Target, signal: AbortSignal, reader?: RelayReader): Promise<Socket> {
    try {
      if (this.#upstream === undefined) return await this.#direct(target, signal, reader);
      return await this.#through(this.#upstream, target, signal);
    } catch (error) {
      if (!signal.aborted || error instanceof DialError) throw DialError.from(error, targetText(target));
      throw new DialError('timeout', `connecting to ${targetText(target)} timed out`, { cause: error });
    }
  }

  async #direct(target: Target, signal: AbortSignal, reader?: RelayReader): Promise<Socket> {
    const addresses = await this.#resolver.addresses(target);
    signal.throwIfAborted();
    const lookup: LookupFunction = (_name, { all }, callback) => {
      const [first] = addresses;
      if (all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    };
    return opened(
      connect({ ...socketOptions, ...target, lookup, autoSelectFamily: true, onread: reader?.onread }),
      'connect',
      signal,
    );
  }

  async #through(upstream: Upstream, target: Target, signal: AbortSignal): Promise<Socket> {
    this.#resolver.checkUnresolved(target);
    const { host, port, scheme } = upstream;
    const plain = await opened(connect({ ...socketOptions, host, port }), 'connect', signal).catch(
      (error: Error) => {
        throw upstreamFailure(error);
      },
    );
    const disconnect = (): void => void plain.destroy();
    signal.addEventListener('abort', disconnect);
    try {
      const destination = this.#mayResolve(upstream, plain) ? target : await this.#resolved(target);
      const socket =
        scheme === 'https' ? await opened(secureUpstream(plain, upstream), 'secureConnect', signal) : plain;
      await requestTunnel(socket, upstream, destination);
      return socket;
    } catch (error) {
      plain.destroy();
      throw error instanceof DialError || signal.aborted ? error : upstreamFailure(error as Error);
    } finally {
      signal.removeEventListener('abort', disconnect);
    }
  }

  /**
   * Whether the upstream may resolve names itself. If it is inside the operator's network, a name could lead it to
   * other hosts there, so it gets checked addresses unless its scheme is `socks5h`.
   */
  #mayResolve({ scheme }: Upstream, { remoteAddress = '' }: Socket): boolean {
    if (scheme === 'socks5h') return true;
    return scheme !== 'socks5' && isIP(remoteAddress) !== 0 && isPublicAddress(remoteAddress);
  }

  async #resolved(target: Target): Promise<Target> {
    const [first] = await this.#resolver.addresses(target);
    return first === undefined ? target : { host: first.address, port: target.port };
  }
}

/** Waits until a socket is open. Destroys it if that fails. @param event emitted when it is open */
async function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Socket> {
  socket.on('error', () => {
    // The error closes the connection, and users listen for `close`.
  });
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function upstreamFailure(error: Error): DialError | Error {
  if (error.name === 'AbortError') return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  return new DialError(
    'upstream failure',
    `the upstream proxy of this region failed: ${code || error.message}`,
    {
      cause: error,
    },
  );
}
