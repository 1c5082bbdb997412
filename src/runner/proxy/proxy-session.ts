/** A session of the proxy: connections of one worker, of one of its browsers, or through its transparent network. */
import type { Server, Socket } from 'node:net';
import { canonicalHost } from '../../addresses/addresses.ts';
import type { HostGate } from '../../egress/egress.ts';
import type { RefusalReason } from '../../egress/connection-outcomes.ts';
import { checkAllowed, type AllowedHosts } from './allowed-hosts.ts';
import { reasonsByFailure, type ConnectionLedger } from './connection-ledger.ts';
import { areCredentials, type ProxyCredentials } from './credentials.ts';
import { DialError, type DialFailure } from './dial-error.ts';
import type { Dialer } from './dialer.ts';
import { connectInTurn } from './host-gate.ts';
import { farewell } from './farewell.ts';
import { readBytes } from './handshake-reader.ts';
import { HttpFrontend } from './http-frontend.ts';
import { RelayReader } from './relay-reader.ts';
import { relay } from './relay.ts';
import { readSocksRequest, SocksRefusal, socksReply, socksSuccess, socksVersion } from './socks.ts';
import { checkTarget, type RequestedTarget, type Target } from './target.ts';
import { TrafficCounter } from './traffic-counter.ts';

/** Time limit for credentials and request, without connecting to the target. */
const handshakeMilliseconds = 15_000;
/** Maximum number of distinct messages about failed connections in the run's log. */
const maxNotices = 20;

export interface ProxyLimits {
  /** Maximum number of open connections. */
  readonly connections: number;
  readonly connectMilliseconds: number;
  /** Maximum time without a byte in either direction. */
  readonly idleMilliseconds: number;
}

export interface ProxySessionOptions {
  /** Not required if undefined. */
  readonly credentials: ProxyCredentials | undefined;
  readonly dialer: Dialer;
  readonly limits: ProxyLimits;
  readonly ledger: ConnectionLedger;
  readonly allowed: AllowedHosts;
  /** Limits connections to one host; undefined if there is no limit. */
  readonly gate?: HostGate | undefined;
  /** Called with the bytes to and from targets as they are transferred. */
  readonly onTraffic: (bytes: number) => void;
  /** Called with messages for the run's log about refused connections, each distinct message once. */
  readonly onNotice: (message: string) => void;
}

/** A connection that is not opened: its target as the worker gave it, and why. */
export interface Refusal extends RequestedTarget {
  readonly reason: RefusalReason;
  /** For the run's log. */
  readonly message: string;
}

export class ProxySession {
  readonly #options: ProxySessionOptions;
  readonly #frontend: HttpFrontend;
  readonly #traffic: TrafficCounter;
  /** The worker's connections, each with the timer of its handshake. */
  readonly #clients = new Map<Socket, NodeJS.Timeout>();
  readonly #notices = new Set<string>();
  readonly #closed = new AbortController();
  /** Why connections are refused since the session was closed; not counted if undefined. */
  #closedFor: RefusalReason | undefined;

  constructor(options: ProxySessionOptions) {
    this.#options = options;
    this.#traffic = new TrafficCounter(options.onTraffic);
    this.#frontend = new HttpFrontend({
      accepts: this.#accepts,
      onRequest: (client) => this.#endHandshake(client),
      dial: (target) => this.#dial(target),
      tunnel: (client, target, greeting) => this.#tunnel(client, target, greeting),
      idleMilliseconds: options.limits.idleMilliseconds,
    });
  }

  /** Serves the listener's connections. The caller still has to close the listener. */
  serve(listener: Server): void {
    listener.maxConnections = this.#options.limits.connections;
    listener.on('drop', () => this.notice(this.#tooMany));
    listener.on('connection', this.#accept);
  }

  /** Relays a connection whose target is known without a request. If it cannot be connected, the client is reset. */
  carry(client: Socket, target: RequestedTarget): void {
    if (this.#closed.signal.aborted) {
      client.resetAndDestroy();
      this.#count(target, this.#closedFor);
    } else if (this.#clients.size >= this.#options.limits.connections) {
      this.refuse(client, { ...target, reason: 'connection_limit', message: this.#tooMany });
    } else {
      this.#admit(client);
      this.#endHandshake(client);
      const gone = new AbortController();
      client.once('close', () => gone.abort());
      this.#tunnel(client, target, undefined, gone.signal).catch(() => client.resetAndDestroy());
    }
  }

  /** Resets a connection, counts it and logs why. */
  refuse(client: Socket, { reason, message, ...target }: Refusal): void {
    client.on('error', () => client.destroy());
    client.resetAndDestroy();
    if (this.#closed.signal.aborted) return;
    this.#count(target, reason);
    this.notice(message);
  }

  /**
   * Ends all connections, and each new one from now on. All bytes are counted when it returns. Idempotent.
   * @param reason counts connections that are not opened because of it
   */
  close(reason?: RefusalReason): void {
    this.#closedFor ??= reason;
    this.#closed.abort();
    this.#traffic.settle();
    for (const client of this.#clients.keys()) client.destroy();
    this.#traffic.destroyAll();
  }

  readonly #accepts = (user: string, password: string): boolean => {
    const { credentials } = this.#options;
    return credentials === undefined || areCredentials(credentials, user, password);
  };

  readonly #accept = (client: Socket): void => {
    if (this.#closed.signal.aborted) {
      client.destroy();
      return;
    }
    this.#admit(client);
    this.#begin(client).catch(() => client.destroy());
  };

  #admit(client: Socket): void {
    client.allowHalfOpen = true;
    client.setNoDelay(true);
    client.on('error', () => client.destroy());
    client.on('timeout', () => client.destroy());
    this.#clients.set(
      client,
      setTimeout(() => client.destroy(), handshakeMilliseconds),
    );
    client.once('close', () => {
      this.#endHandshake(client);
      this.#clients.delete(client);
    });
  }

  /** Detects the protocol: SOCKS5 starts with its version, HTTP with a letter of the method. */
  async #begin(client: Socket): Promise<void> {
    const first = await readBytes(client, 1);
    client.unshift(first);
    const [byte] = first;
    if (byte === socksVersion) await this.#serveSocks(client);
    else if (/[a-z]/i.test(first.toString('latin1'))) this.#frontend.serve(client);
    else client.destroy();
  }

  async #serveSocks(client: Socket): Promise<void> {
    try {
      const isOpen = this.#options.credentials === undefined;
      const request = await readSocksRequest(client, isOpen ? undefined : this.#accepts);
      this.#endHandshake(client);
      await this.#tunnel(client, request, socksSuccess);
    } catch (error) {
      const answer = error instanceof SocksRefusal ? error.answer : undefined;
      if (answer === undefined && !(error instanceof DialError)) throw error;
      farewell(client, answer ?? socksReply((error as DialError).socksReply));
    }
  }

  /**
   * Connects to the target that a client requested, and relays between them.
   * @param greeting sent to the client once the target is connected; nothing if undefined
   * @param gone cancels the attempt
   * @throws DialError
   */
  async #tunnel(
    client: Socket,
    requested: RequestedTarget,
    greeting: Buffer | string | undefined,
    gone?: AbortSignal,
  ): Promise<void> {
    const reader = this.#options.dialer.isDirect ? new RelayReader() : undefined;
    const target = await this.#dial(requested, reader, gone);
    if (greeting !== undefined) client.write(greeting);
    client.setTimeout(this.#options.limits.idleMilliseconds);
    relay(client, target, reader);
  }

  async #dial(requested: RequestedTarget, reader?: RelayReader, gone?: AbortSignal): Promise<Socket> {
    const { allowed, gate, ledger } = this.#options;
    let target = requested;
    try {
      const checked = checkTarget(requested);
      target = checked;
      checkAllowed(allowed, checked);
      const canceled =
        gone === undefined ? this.#closed.signal : AbortSignal.any([this.#closed.signal, gone]);
      const socket =
        gate === undefined
          ? await this.#connect(checked, canceled, reader)
          : await connectInTurn(gate, checked, canceled, () => this.#connect(checked, canceled, reader));
      this.#traffic.watch(socket, ledger.connected(checked.host, checked.port), reader);
      return socket;
    } catch (error) {
      if (error instanceof DialError) this.#fail(target, error, gone?.aborted === true);
      throw error;
    }
  }

  async #connect(target: Target, canceled: AbortSignal, reader: RelayReader | undefined): Promise<Socket> {
    const { dialer, limits } = this.#options;
    const late = AbortSignal.timeout(limits.connectMilliseconds);
    return dialer.dial(target, AbortSignal.any([late, canceled]), reader);
  }

  /** @param isGone whether the client has left, so that nobody needs to know why */
  #fail(target: RequestedTarget, { failure, message }: DialError, isGone: boolean): void {
    if (this.#closed.signal.aborted) {
      this.#count(target, this.#closedFor);
      return;
    }
    this.#count(target, isGone ? 'no_answer' : reasonsByFailure[failure]);
    if (!isGone)
      this.notice(message, isAboutHost(failure) ? `${failure} ${canonicalHost(target.host)}` : message);
  }

  #count({ host, port }: RequestedTarget, reason: RefusalReason | undefined): void {
    if (reason !== undefined) this.#options.ledger.refused(host, port, reason);
  }

  #endHandshake(client: Socket): void {
    clearTimeout(this.#clients.get(client));
  }

  get #tooMany(): string {
    const { connections } = this.#options.limits;
    return `the limit of ${connections} open connections (CHELA_PROXY_CONNECTION_LIMIT) is reached: further connections are refused`;
  }

  /**
   * Adds a message to the run's log. Repeated messages, and those above the limit, are dropped.
   * @param subject identifies messages that say the same
   */
  notice(message: string, subject = message): void {
    if (this.#notices.has(subject) || this.#notices.size >= maxNotices) return;
    this.#notices.add(subject);
    this.#options.onNotice(message);
  }
}

/** Whether a host causes one line in the log, whatever its ports. */
function isAboutHost(failure: DialFailure): boolean {
  return failure === 'not allowed' || failure === 'host limit';
}
