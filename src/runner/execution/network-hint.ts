/** A hint in the run's log for workers that bypass their proxy although it is the only way to the network. */

/** What Node, glibc, curl, Go and Chromium print without a network. */
const signs =
  /\b(?:EAI_AGAIN|ENOTFOUND|ENETUNREACH|ERR_NAME_NOT_RESOLVED)\b|Name or service not known|Temporary failure in name resolution|Could not resolve host|no such host|Network is unreachable/;

export class NetworkHint {
  readonly #problem: string;
  readonly #tell: (hint: string) => void;
  #isTold = false;

  /**
   * @param problem why there is no other way
   * @param tell receives the hint, once
   */
  constructor(problem: string, tell: (hint: string) => void) {
    this.#problem = problem;
    this.#tell = tell;
  }

  /** @param line a line that the worker printed or logged */
  read(line: string): void {
    if (this.#isTold || !signs.test(line)) return;
    this.#isTold = true;
    this.#tell(
      'this worker can reach the network only through its proxy: ' +
        `use SOCKS5 or HTTP CONNECT with PROXY_DOMAIN and PROXY_AUTH (${this.#problem})`,
    );
  }
}
