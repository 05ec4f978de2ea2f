import type { DnsAnswer, DnsStatus, InsertHit, Log, Resolver, Task } from '../../core/index.ts';
import { parseIp, reversedIp } from '../../lib/index.ts';
import { type AnswerCodes, isListed } from './answers.ts';
import type { ListHealth } from './health.ts';
import type { NameEncoder } from './name-hash.ts';
import { type Question, QuestionTable } from './question-table.ts';
import type { ScanState } from './scan-state.ts';
import type { StockSymbol } from './stock-symbols.ts';
import type { ListSymbol, ListSymbols } from './symbols.ts';

export interface ListCounters {
  question(list: string): void;
  hit(list: string): void;
  failure(list: string): void;
}

/** A list as it is asked. */
export interface AskingInit {
  readonly name: string;
  readonly zone: string;
  readonly symbols: ListSymbols;
  readonly codes: AnswerCodes;
  readonly encode: NameEncoder;
  readonly health: ListHealth | undefined;
  readonly counters: ListCounters;
  readonly resolvesAddresses: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly tellsUnknown: boolean;
  readonly mergesPlaces: boolean;
  readonly isAllowList: boolean;
  readonly heedsAllowLists: boolean;
  readonly dns: Resolver;
  readonly log: Log;
  readonly limitMs: number;
}

/** Addresses of one name that are looked up. */
const maxAddresses = 8;

const late: DnsAnswer = { status: 'timeout', records: [], ttlSeconds: 0 };

/** What a failure is called in the option of the `_FAIL` symbol. */
const failureTexts: Readonly<Partial<Record<DnsStatus, string>>> = {
  timeout: 'query timed out',
  servfail: 'server fail',
  refused: 'query refused',
  formerr: 'query format error',
  notimp: 'not implemented',
  network: 'network error',
};

/** Ends waiting for answers: when all are there, at a time, or with the scan. */
class Deadline {
  readonly #endMs: number;
  readonly #state: ScanState;

  constructor(limitMs: number, state: ScanState) {
    this.#endMs = performance.now() + limitMs;
    this.#state = state;
  }

  /** Answers in the order of the names; those that are not there in time count as lost. */
  all<T>(work: readonly Promise<T>[], lost: T): Promise<readonly T[]> {
    const results = new Array<T>(work.length).fill(lost);
    if (work.length === 0) return Promise.resolve(results);
    return new Promise((resolve, reject) => {
      let left = work.length;
      // What comes later must not change what was handed out.
      const end = this.#wait(() => resolve(results.slice()));
      for (let i = 0; i < work.length; i++)
        work[i]!.then((result) => {
          results[i] = result;
          if (--left === 0) end();
        }, reject);
    });
  }

  until(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      work.then(this.#wait(resolve), reject);
    });
  }

  /** Calls back at the end of the time or of the scan, or when what it returns is called. */
  #wait(done: () => void): () => void {
    const { waiting, isOver } = this.#state;
    const end = (): void => {
      clearTimeout(timer);
      waiting.delete(end);
      done();
    };
    const timer = setTimeout(end, Math.max(0, this.#endMs - performance.now()));
    waiting.add(end);
    if (isOver) queueMicrotask(end);
    return end;
  }
}

/** Asks one list and inserts what it says. */
export class Asking {
  readonly #init: AskingInit;

  constructor(init: AskingInit) {
    this.#init = init;
  }

  /** Starts all questions before it returns. */
  ask(
    task: Task,
    hit: InsertHit<StockSymbol>,
    questions: readonly Question[],
    state: ScanState,
  ): Promise<void> {
    const work = this.#ask(task, hit, questions, state);
    if (this.#init.isAllowList) state.allowLists.push(work);
    return work;
  }

  async #ask(
    task: Task,
    hit: InsertHit<StockSymbol>,
    asked: readonly Question[],
    state: ScanState,
  ): Promise<void> {
    const { health, resolvesAddresses, heedsAllowLists, name, log, symbols } = this.#init;
    const deadline = new Deadline(this.#init.limitMs, state);
    let questions = this.#withinBounds(asked, state);
    if (resolvesAddresses) {
      const hosts = questions.filter(({ kind }) => kind === 'host');
      const listed = questions.filter(({ kind }) => kind === 'listed');
      questions = [...listed, ...(await this.#addressQuestions(hosts, deadline, state))];
    }
    const answers = await deadline.all(
      questions.map((question) => this.#resolve(question.name, 'a')),
      late,
    );
    if (task.signal.aborted) return;
    const found = answers.some(({ status }) => status === 'ok');
    if (found && health?.firstProbe) await deadline.until(health.firstProbe);
    if (health?.isDown) return;
    // Allow lists are asked at the same time; by now each of them that runs is known.
    if (heedsAllowLists && state.allowLists.length > 0)
      await deadline.until(Promise.allSettled(state.allowLists));
    if (task.signal.aborted) return;
    let failures = 0;
    for (const [index, question] of questions.entries()) {
      const { status, records } = answers[index]!;
      health?.report(status);
      if (status === 'ok') this.#tell(question, records, hit, state);
      else if (status !== 'nxdomain' && status !== 'nodata') {
        failures++;
        this.#tellFailure(question, status, hit, state, symbols.failure);
      }
    }
    if (failures > 0) log.info('DNS list did not answer', { id: task.id, list: name, questions: failures });
  }

  #withinBounds(asked: readonly Question[], state: ScanState): readonly Question[] {
    const count = state.take(asked.length);
    return count === asked.length ? asked : asked.slice(0, count);
  }

  #resolve(name: string, type: 'a' | 'aaaa'): Promise<DnsAnswer> {
    this.#init.counters.question(this.#init.name);
    return this.#init.dns.resolve(name, type);
  }

  /** Questions for the addresses of names. */
  async #addressQuestions(
    names: readonly Question[],
    deadline: Deadline,
    state: ScanState,
  ): Promise<readonly Question[]> {
    const { ipv4, ipv6, encode, zone } = this.#init;
    const types = [...(ipv4 ? (['a'] as const) : []), ...(ipv6 ? (['aaaa'] as const) : [])];
    const asked = names.flatMap((question) => types.map((type) => ({ question, type })));
    const answers = await deadline.all(
      asked.map(({ question, type }) => this.#resolve(question.name, type)),
      late,
    );
    const table = new QuestionTable();
    for (const [index, { question }] of asked.entries()) {
      for (const record of answers[index]!.records.slice(0, maxAddresses)) {
        const address = parseIp(record);
        if (!address) continue;
        for (const { what, labels } of question.origins)
          for (const label of labels)
            table.add(
              `${encode(reversedIp(address))}.${zone}`.toLowerCase(),
              `${address.text}:${what}`,
              label,
            );
      }
    }
    return this.#withinBounds(table.values(), state);
  }

  /** Inserts what the records of one answer mean. */
  #tell(question: Question, records: readonly string[], hit: InsertHit<StockSymbol>, state: ScanState): void {
    const { codes, symbols, tellsUnknown, counters, name } = this.#init;
    if (codes.names.length === 0) {
      if (isListed(records)) this.#insert(question, symbols.own, undefined, hit, state);
      return;
    }
    const { symbols: named, unknown } = codes.read(records);
    for (const symbol of named) this.#insert(question, symbol, undefined, hit, state);
    if (tellsUnknown) for (const record of unknown) this.#insert(question, symbols.own, record, hit, state);
    if (named.length > 0) counters.hit(name);
  }

  #insert(
    question: Question,
    code: string,
    record: string | undefined,
    hit: InsertHit<StockSymbol>,
    state: ScanState,
  ): void {
    const { symbols, mergesPlaces, isAllowList, counters, name, codes } = this.#init;
    if (codes.names.length === 0) counters.hit(name);
    const scored = new Set<ListSymbol>();
    const tail = record === undefined ? '' : `:${record}`;
    for (const { what: origin, labels } of question.origins) {
      const places = this.#unprotected(origin, labels, state);
      const bySymbol = Map.groupBy(places, (label) => symbols.at(code, label));
      for (const [symbol, found] of bySymbol) {
        if (isAllowList && symbols.protects(symbol)) for (const label of found) state.protect(origin, label);
        if (!mergesPlaces) {
          for (const label of found) hit(symbol, 1, `${origin}:${label}${tail}`);
          continue;
        }
        hit(symbol, scored.has(symbol) ? 0 : 1, `${origin}:${found.join(',')}${tail}`);
        scored.add(symbol);
      }
    }
  }

  #tellFailure(
    { origins }: Question,
    status: DnsStatus,
    hit: InsertHit<StockSymbol>,
    state: ScanState,
    symbol: ListSymbol,
  ): void {
    this.#init.counters.failure(this.#init.name);
    let weight = 1;
    for (const { what: origin, labels } of origins) {
      if (this.#unprotected(origin, labels, state).length === 0) continue;
      hit(symbol, weight, `${origin}:${failureTexts[status] ?? status}`);
      weight = 0;
    }
  }

  /** Places, sorted, without those that an allow list vouches for. */
  #unprotected(origin: string, labels: readonly string[], state: ScanState): readonly string[] {
    const { heedsAllowLists } = this.#init;
    return labels.filter((label) => !heedsAllowLists || !state.isProtected(origin, label)).sort();
  }
}
