import type { Task } from '../../core/index.ts';

/** Questions that all lists together ask about one message. */
const listsAtOnce = 8;

/** What the lists of one message share. */
export class ScanState {
  /** Work of allow lists that were started. */
  readonly allowLists: Promise<void>[] = [];
  /** Names for links by how lists choose them, made once. */
  readonly urlNames = new Map<string, readonly string[]>();
  /** Called when the scan is over before the answers are there. */
  readonly waiting = new Set<() => void>();
  isOver = false;
  readonly #protected = new Map<string, Set<string>>();
  #left: number;

  constructor(maxQuestions: number, signal: AbortSignal) {
    this.#left = maxQuestions;
    if (signal.aborted) this.isOver = true;
    else signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  #end(): void {
    this.isOver = true;
    for (const end of [...this.waiting]) end();
  }

  /** Takes as many questions as there are left. */
  take(count: number): number {
    const taken = Math.min(count, this.#left);
    this.#left -= taken;
    return taken;
  }

  protect(origin: string, label: string): void {
    const labels = this.#protected.get(origin);
    if (labels) labels.add(label);
    else this.#protected.set(origin, new Set([label]));
  }

  isProtected(origin: string, label: string): boolean {
    return this.#protected.get(origin)?.has(label) ?? false;
  }
}

/** Keeps the state of messages as long as they are scanned. */
export class ScanStates {
  readonly #states = new WeakMap<Task, ScanState>();
  readonly #maxQuestions: number;

  /** @param maxPerList names of one message that one list is asked about */
  constructor(maxPerList: number) {
    this.#maxQuestions = Math.max(1, maxPerList) * listsAtOnce;
  }

  of(task: Task): ScanState {
    let state = this.#states.get(task);
    if (!state) {
      state = new ScanState(this.#maxQuestions, task.signal);
      this.#states.set(task, state);
    }
    return state;
  }
}
