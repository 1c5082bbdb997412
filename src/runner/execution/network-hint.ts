/** Adds hints to the run's log if a worker tries to connect to what its network does not allow. */

interface Rule {
  /** Errors that Node, glibc, curl, Go and Chromium print. */
  readonly sign: RegExp;
  readonly hint: string;
}

/** @param problem why the proxy is the only way to the network; undefined if there is a transparent network */
function ruleFor(problem: string | undefined, portsSetting: string): Rule {
  if (problem === undefined) {
    return {
      sign: /\bECONNREFUSED\b(?! (?:127\.|::1))|\bERR_CONNECTION_REFUSED\b|\bconnection refused\b/i,
      hint:
        'a connection was refused. If it was to another host, note that workers can connect only to certain ports ' +
        `(${portsSetting}), and through their proxy to any port`,
    };
  }
  return {
    sign: /\b(?:EAI_AGAIN|ENOTFOUND|ENETUNREACH|ERR_NAME_NOT_RESOLVED)\b|Name or service not known|Temporary failure in name resolution|Could not resolve host|no such host|Network is unreachable/,
    hint:
      'this worker can reach the network only through its proxy: ' +
      `use SOCKS5 or HTTP CONNECT with PROXY_DOMAIN and PROXY_AUTH (${problem})`,
  };
}

interface NetworkHintOptions {
  /** Why the proxy is the only way to the network; undefined if there is a transparent network. */
  readonly problem: string | undefined;
  /** Name of the setting with the ports of the transparent network. */
  readonly portsSetting: string;
  /** Receives the hint, once. */
  readonly tell: (hint: string) => void;
}

export class NetworkHint {
  readonly #rule: Rule;
  readonly #tell: (hint: string) => void;
  #isTold = false;

  constructor({ problem, portsSetting, tell }: NetworkHintOptions) {
    this.#rule = ruleFor(problem, portsSetting);
    this.#tell = tell;
  }

  /** @param line a line that the worker printed or logged */
  read(line: string): void {
    if (this.#isTold || !this.#rule.sign.test(line)) return;
    this.#isTold = true;
    this.#tell(this.#rule.hint);
  }
}
