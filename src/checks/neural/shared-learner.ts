import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeLesson,
  decodeState,
  encodeLesson,
  encodeState,
  handIn,
  keepLearned,
  type LearnedLesson,
  Learner,
  type Lesson,
  type LessonCode,
  type LessonOutcome,
  newLearner,
  snapshotFormat,
  takeLessons,
} from '../../classify/index.ts';
import { type Clock, type Log, type Store, StoreError } from '../../core/index.ts';

/** Lessons learned at once, between two versions of the weights. */
const batch = 128;
/** More lessons are not kept waiting: who hands in waits, and what is learned by itself is left out. */
const maxWaiting = 4 * batch;
/** Who takes lessons and does not learn them so long is taken for dead. */
const leaseMs = 20_000;
/** Lessons that come one after the other are learned together. */
const gatherMs = 200;
const rememberMs = 365 * 86_400_000;
const busyMs = 50;
/** How often a lesson is handed in again while too many wait. */
const handInTries = 200;

interface Counts {
  readonly spam: number;
  readonly ham: number;
}

/**
 * The learner that all processes and servers of one store share. Lessons are handed into the store, whence one process at
 * a time takes them, learns, and puts back new weights under a new version, which the others fetch: no message waits for
 * any of it.
 */
export class SharedLearner {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keys: { readonly main: string; readonly weights: string; readonly queue: string };
  readonly #owner = randomBytes(8).toString('hex');
  readonly #watchMs: number;
  #timer: NodeJS.Timeout | undefined;
  #firstLook: Promise<void> | undefined;
  #learner = newLearner();
  #version = -1;
  #counts: Counts = { spam: 0, ham: 0 };
  #work: Promise<void> | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #isFailing = false;
  #isClosed = false;

  constructor(
    store: Store,
    clock: Clock,
    log: Log,
    options: { readonly prefix: string; readonly watchMs: number },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    // Braces: in a cluster all of it is to lie together.
    const main = `${options.prefix}{online}${snapshotFormat}`;
    this.#keys = { main, weights: `${main}:weights`, queue: `${main}:lesson` };
    this.#watchMs = options.watchMs;
  }

  /**
   * Begins to follow what is learned, when there is the first message: a configuration that is only looked at opens no
   * store. @returns until the first look is over; undefined: it is
   */
  start(): Promise<void> | undefined {
    if (this.#timer || this.#isClosed) return this.#firstLook;
    this.#timer = setInterval(() => void this.#watch(), this.#watchMs).unref();
    this.#firstLook = this.#watch().then(() => {
      this.#firstLook = undefined;
    });
    return this.#firstLook;
  }

  /** Lessons of each class. */
  get counts(): Counts {
    return this.#counts;
  }

  get learner(): Learner {
    return this.#learner;
  }

  /**
   * Hands in a lesson. It is kept when this returns, and learned soon after.
   *
   * @param code `''`: to be forgotten
   * @throws StoreError
   */
  async handIn(id: string, lesson: Lesson, code: LessonCode | ''): Promise<LessonOutcome> {
    void this.start();
    const { main, queue } = this.#keys;
    const keys = [main, queue, this.#knownKey(id)];
    const { outcome, waiting } = await this.#store.run(handIn, keys, [
      code,
      id,
      encodeLesson(lesson),
      rememberMs,
      maxWaiting,
    ]);
    if (waiting >= batch) this.#learnSoon(0);
    else if (waiting > 0) this.#learnSoon(gatherMs);
    return outcome;
  }

  /** As {@link handIn}, but waits while too many do. */
  async handInPatiently(id: string, lesson: Lesson, code: LessonCode | ''): Promise<LessonOutcome> {
    for (let tries = 0; tries < handInTries; tries++) {
      const outcome = await this.handIn(id, lesson, code);
      if (outcome !== 'busy') return outcome;
      await sleep(busyMs);
    }
    throw new StoreError('too many lessons wait to be learned');
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    await this.#work;
  }

  #knownKey(id: string): string {
    return `${this.#keys.main}:known:${id}`;
  }

  #learnSoon(delayMs: number): void {
    if (this.#isClosed || (this.#gathering && delayMs > 0)) return;
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      void this.#watch();
    }, delayMs);
    this.#gathering.unref();
  }

  /** Learns what waits and fetches what others learned; one such round at a time. */
  async #watch(): Promise<void> {
    if (this.#isClosed || this.#work) return;
    this.#work = this.#round();
    await this.#work;
    this.#work = undefined;
  }

  async #round(): Promise<void> {
    try {
      await this.#fetch();
      await this.#learnAll();
      this.#isFailing = false;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!this.#isFailing) this.#log.warn('cannot fetch what was learned', { error: error.message });
      this.#isFailing = true;
    }
  }

  /** Brings counts and weights up to date. */
  async #fetch(): Promise<void> {
    const fields = await this.#store.hashGetAll(this.#keys.main);
    const number = (name: string): number => Number(fields[name] ?? 0) || 0;
    this.#counts = { spam: number('spam'), ham: number('ham') };
    await this.#fetchVersion(number('version'));
  }

  async #fetchVersion(version: number): Promise<void> {
    if (version === this.#version) return;
    const text = version === 0 ? undefined : await this.#store.get(this.#keys.weights);
    const state = text === undefined ? undefined : await decodeState(text);
    this.#learner = state ? new Learner(state) : newLearner();
    this.#version = version;
  }

  async #learnAll(): Promise<void> {
    const { main, queue } = this.#keys;
    while (!this.#isClosed) {
      const now = this.#clock.now();
      const taken = await this.#store.run(takeLessons, [main, queue], [this.#owner, now, leaseMs, batch]);
      if (taken.lessons.length === 0) return;
      await this.#fetchVersion(taken.version);
      await this.#keep(taken.version, taken.first, taken.lessons);
    }
  }

  async #keep(version: number, first: number, lessons: readonly string[]): Promise<void> {
    const learned: LearnedLesson[] = [];
    const known: string[] = [];
    for (const [index, text] of lessons.entries()) {
      const [code, rest = '', encoded = ''] = text.split('|');
      const lesson = decodeLesson(encoded);
      if (!lesson) continue;
      if (code === '-') {
        this.#learner.unlearn(lesson, rest.split(',').map(Number));
      } else if (code === '1' || code === '-1') {
        const errors = this.#learner.learn(lesson, code === '1');
        known.push(this.#knownKey(rest));
        learned.push({ number: first + index, code, errors: errors.map((error) => error.toFixed(4)).join() });
      }
    }
    const keys = [this.#keys.main, this.#keys.weights, this.#keys.queue, ...known];
    const weights = await encodeState(this.#learner.state);
    const args = [
      this.#owner,
      version,
      first,
      lessons.length,
      weights,
      JSON.stringify(learned),
      rememberMs,
    ] as const;
    // Whatever goes wrong: these weights are not the ones that all agree on.
    this.#version = -1;
    const now = await this.#store.run(keepLearned, keys, args);
    if (now !== 0) this.#version = now;
  }
}
