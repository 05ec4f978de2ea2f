import type { ScanClient } from './clients/client.ts';
import type { BenchMessage } from './message.ts';

/** What a run of messages brought. */
export interface LoadResult {
  readonly messages: number;
  readonly wallMs: number;
  /** Latency of each message that got a verdict, in milliseconds, in the order they came in. */
  readonly latenciesMs: readonly number[];
  /** Verdicts by action. */
  readonly actions: Readonly<Record<string, number>>;
  /** Symbols in all verdicts that list them. */
  readonly symbols: number;
  /** Replies that were no verdict, by reason. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Yields the next message to hand in; undefined ends the run. */
export type MessageSource = () => BenchMessage | undefined;

/** A source of `count` messages, beginning at `first` and going round. @throws RangeError for no messages. */
export function cycle(messages: readonly BenchMessage[], first: number, count: number): MessageSource {
  if (messages.length === 0) throw new RangeError('no messages to send');
  let sent = 0;
  return () => (sent < count ? messages[(first + sent++) % messages.length] : undefined);
}

function countUp(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Hands in messages over `concurrency` lanes, each sending its next message when it has the verdict on the last. */
export async function runLoad(
  client: ScanClient,
  source: MessageSource,
  concurrency: number,
): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const actions: Record<string, number> = {};
  const errors: Record<string, number> = {};
  let messages = 0;
  let symbols = 0;
  const started = performance.now();
  const lane = async (number: number): Promise<void> => {
    for (let message = source(); message; message = source()) {
      messages += 1;
      const sent = performance.now();
      const outcome = await client.scan(number, message);
      if (outcome.kind === 'error') {
        countUp(errors, outcome.reason);
        continue;
      }
      latenciesMs.push(performance.now() - sent);
      countUp(actions, outcome.action);
      symbols += outcome.symbols ?? 0;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, number) => lane(number)));
  return { messages, wallMs: performance.now() - started, latenciesMs, actions, symbols, errors };
}
