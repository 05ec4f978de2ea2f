import { createContext, Script } from 'node:vm';

/** What a watched piece of work came to. */
export type Watched<T> = { readonly isOverrun: false; readonly value: T } | { readonly isOverrun: true };

const maxTries = 3;

const holder: { work: () => void } = { work: () => undefined };
const context = createContext(holder);
const script = new Script('work()');

/**
 * Does work that may be stopped in the middle: V8 interrupts a regular expression only for the watchdog of a script
 * with a time limit. The watchdog is a thread of its own, about 0.1 ms: for work that may take much longer only.
 */
export function watched<T>(limitMs: number, work: () => T): Watched<T> {
  for (let tries = 1; ; tries++) {
    const before = process.threadCpuUsage();
    const outcome = attempt(limitMs, work);
    if (!outcome.isOverrun || tries >= maxTries) return outcome;
    const { user, system } = process.threadCpuUsage(before);
    // On a machine that has others to serve the time may be over without the work having had it.
    if ((user + system) / 1000 >= limitMs / 2) return outcome;
  }
}

function attempt<T>(limitMs: number, work: () => T): Watched<T> {
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
