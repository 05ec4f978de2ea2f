import { createContext, Script } from 'node:vm';

/** What a watched piece of work came to. */
export type Watched<T> = { readonly isOverrun: false; readonly value: T } | { readonly isOverrun: true };

const holder: { work: () => void } = { work: () => undefined };
const context = createContext(holder);
const script = new Script('work()');

/**
 * Does work that may be stopped in the middle: V8 interrupts a regular expression only for the watchdog of a script
 * with a time limit. The watchdog is a thread of its own, about 0.1 ms: for work that may take much longer only.
 */
export function watched<T>(limitMs: number, work: () => T): Watched<T> {
  let outcome: Watched<T> = { isOverrun: true };
  holder.work = () => {
    outcome = { isOverrun: false, value: work() };
  };
  try {
    script.runInContext(context, { timeout: limitMs });
  } catch (error) {
    // The error is of the script's realm: not an instance of our Error.
    const isTimeout =
      typeof error === 'object' &&
      error !== null &&
      'code' in error &&
      error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    if (!isTimeout) throw error;
  }
  return outcome;
}
