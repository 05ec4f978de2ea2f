import { ConfigError } from '../../core/index.ts';

/** One scanner that requests can be sent to. */
export interface Target {
  /** As written in the configuration; its name in logs and metrics. */
  readonly text: string;
  /** Name or address, without brackets; empty for a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly socketPath: string | undefined;
  /** Share of requests, at least 1; with `master-slave` the highest goes first. */
  readonly weight: number;
}

const defaultPort = 11_333;

/**
 * Parses `host`, `host:port`, `host:port:weight`, `[v6]:port:weight` or a socket path.
 *
 * @throws ConfigError when the text is none of these
 */
export function parseTarget(text: string): Target {
  if (text.startsWith('/')) return { text, host: '', port: 0, socketPath: text, weight: 1 };
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?(?::(\d{1,6}))?$/.exec(text);
  const port = Number(match?.[3] ?? defaultPort);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535 || port === 0) {
    throw new ConfigError({ message: `"${text}" names no scanner`, expected: 'host:port, or a socket path' });
  }
  return { text, host, port, socketPath: undefined, weight: Math.max(1, Number(match?.[4] ?? 1)) };
}
