import { connect } from 'node:net';

/** How a host took a connection to its mail port. */
export type ProbeOutcome = 'good' | 'invalid' | 'refused' | 'timeout_connect' | 'timeout_read' | 'error';

export interface ProbeOptions {
  readonly port: number;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** Waits for the greeting (RFC 5321 4.2), which has to be one of a mail server. */
  readonly verifiesGreeting: boolean;
  readonly signal: AbortSignal;
}

/** Bytes of a greeting that are looked at. */
const maxGreetingBytes = 1024;

/** Connects once and hangs up. Never rejects. */
export function probe(address: string, options: ProbeOptions): Promise<ProbeOutcome> {
  const { port, connectTimeoutMs, readTimeoutMs, verifiesGreeting, signal } = options;
  if (signal.aborted) return Promise.resolve('error');
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let greeting = '';
    let timer = setTimeout(() => finish('timeout_connect'), connectTimeoutMs);
    const giveUp = (): void => finish('error');
    const finish = (outcome: ProbeOutcome): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(outcome);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      if (!verifiesGreeting) return finish('good');
      clearTimeout(timer);
      timer = setTimeout(() => finish('timeout_read'), readTimeoutMs);
    });
    socket.on('data', (data: string) => {
      greeting += data;
      if (!greeting.includes('\n') && greeting.length < maxGreetingBytes) return;
      // 421 is a mail server that is busy (RFC 5321 3.8); 554 is none (3.1).
      finish(/^[24][0-9][0-9][ -]/.test(greeting) ? 'good' : 'invalid');
    });
    socket.on('end', () => finish('invalid'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') finish('refused');
      else if (error.code === 'ECONNRESET') finish('invalid');
      else if (error.code === 'ETIMEDOUT') finish('timeout_connect');
      else finish('error');
    });
  });
}

/** What tells most of a mail server, when its addresses differ. */
const order: readonly ProbeOutcome[] = ['timeout_read', 'invalid', 'refused', 'timeout_connect', 'error'];

/** Probes several addresses at once; the first that takes mail decides. */
export async function probeAny(addresses: readonly string[], options: ProbeOptions): Promise<ProbeOutcome> {
  const enough = new AbortController();
  const signal = AbortSignal.any([options.signal, enough.signal]);
  const outcomes = await Promise.all(
    addresses.map(async (address) => {
      const outcome = await probe(address, { ...options, signal });
      if (outcome === 'good') enough.abort();
      return outcome;
    }),
  );
  if (outcomes.includes('good')) return 'good';
  return order.find((outcome) => outcomes.includes(outcome)) ?? 'error';
}
