import { isIPv6 } from 'node:net';
import type { Endpoint } from './connection.ts';

/** How long a server that failed is asked only when no other is left. */
const penaltyMs = 60_000;

interface Server extends Endpoint {
  failedUntilMs: number;
}

function parseServer(text: string, defaultPort: number): { endpoint: Endpoint; weight: number } | undefined {
  const path = text.startsWith('unix:') ? text.slice('unix:'.length) : text;
  if (path.startsWith('/')) return { endpoint: { text: path, path, host: 'localhost', port: 0 }, weight: 1 };
  if (isIPv6(text)) {
    return {
      endpoint: { text: `[${text}]:${defaultPort}`, path: undefined, host: text, port: defaultPort },
      weight: 1,
    };
  }
  const match = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?(?::(\d{1,3}))?$/.exec(text);
  if (!match || (match[1] !== undefined && !isIPv6(match[1]))) return undefined;
  const host = match[1] ?? match[2]!;
  const port = Number(match[3] ?? defaultPort);
  const weight = Number(match[4] ?? 1);
  if (port < 1 || port > 65_535 || weight < 1 || weight > 100) return undefined;
  const shown = match[1] === undefined ? host : `[${host}]`;
  return { endpoint: { text: `${shown}:${port}`, path: undefined, host, port }, weight };
}

/** The servers of a rule: asked in turn, those that failed lately last. */
export class Servers {
  readonly #servers: readonly Server[];
  /** Indices in the order of turns; a server with weight 2 stands twice. */
  readonly #turns: readonly number[];
  readonly #isRoundRobin: boolean;
  #turn = 0;

  private constructor(parsed: readonly { endpoint: Endpoint; weight: number }[], isRoundRobin: boolean) {
    this.#servers = parsed.map(({ endpoint }) => ({ ...endpoint, failedUntilMs: 0 }));
    this.#turns = parsed.flatMap(({ weight }, index) => Array<number>(weight).fill(index));
    this.#isRoundRobin = isRoundRobin;
  }

  /**
   * Reads the option `servers`: `host`, `host:port`, `host:port:weight`, `/path`, several with commas or blanks,
   * with `round-robin:` or `master-slave:` in front.
   *
   * @returns the servers, or the text that is none
   */
  static parse(spec: string | readonly string[], defaultPort: number): Servers | { readonly wrong: string } {
    let text = typeof spec === 'string' ? spec : spec.join(',');
    const rotation = /^(round-robin|master-slave|sequential):/.exec(text);
    if (rotation) text = text.slice(rotation[0].length);
    const words = text.split(/[\s,]+/).filter((word) => word !== '');
    if (words.length === 0) return { wrong: text };
    const parsed: { endpoint: Endpoint; weight: number }[] = [];
    for (const word of words) {
      const server = parseServer(word, defaultPort);
      if (!server) return { wrong: word };
      parsed.push(server);
    }
    return new Servers(parsed, rotation === null || rotation[1] === 'round-robin');
  }

  get count(): number {
    return this.#servers.length;
  }

  /** The next to ask, with preference for those not in `tried` and those that did not fail within a minute. */
  pick(nowMs: number, tried: ReadonlySet<Endpoint>): Endpoint {
    const start = this.#isRoundRobin ? this.#turn++ % this.#turns.length : 0;
    let best: Server | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#turns.length; i++) {
      const server = this.#servers[this.#turns[(start + i) % this.#turns.length]!]!;
      const rank = (tried.has(server) ? 2 : 0) + (server.failedUntilMs > nowMs ? 1 : 0);
      if (rank >= bestRank) continue;
      best = server;
      bestRank = rank;
    }
    return best!;
  }

  /** Is there one that was not tried and did not fail lately? */
  hasOther(nowMs: number, tried: ReadonlySet<Endpoint>): boolean {
    return this.#servers.some((server) => !tried.has(server) && server.failedUntilMs <= nowMs);
  }

  failed(endpoint: Endpoint, nowMs: number): void {
    const server = this.#servers.find((one) => one === endpoint);
    if (server) server.failedUntilMs = nowMs + penaltyMs;
  }

  answered(endpoint: Endpoint): void {
    const server = this.#servers.find((one) => one === endpoint);
    if (server) server.failedUntilMs = 0;
  }
}
