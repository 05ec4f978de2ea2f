import { randomBytes } from 'node:crypto';
import {
  type CheckContext,
  type CountedThing,
  type ExceptionReport,
  type LimitChange,
  type LimitException,
  type LimitScopeState,
  type LimitsReport,
  type LimitsService,
  PosternError,
  parseSubject,
  subjectText,
} from '../../core/index.ts';
import { AmountError, type Amounts, type Counter, counters, isSet, parseAmounts } from './amounts.ts';
import { forget, readException, readExceptions, readPending } from './counter.ts';
import { changeExceptions, everyException, exceptionAmount } from './exceptions.ts';
import { Keys } from './keys.ts';
import type { LimitsOptions } from './options.ts';
import type { Policy, Resolved, Scope } from './policy.ts';
import { leaseSlots } from './run.ts';
import { pendingSlotMs, readWindow, slotMsOf } from './windows.ts';

/** An exception is temporary: a year at most. */
const maxExceptionMs = 366 * 86_400_000;
/** More changes than anybody makes: a trail that is longer is restored from its newest part. */
const maxRestored = 10_000;
const maxTextLength = 500;
/** Of one subject at a time. */
const maxExceptions = 20;

/** An exception as the audit trail has it. */
interface Recorded {
  readonly name: string;
  readonly exception: LimitException;
  readonly amounts: Amounts;
}

type Stored = Readonly<Record<string, string>>;
const area = 'limits';

/** Looks at and changes what the check counts. Every change is in the audit trail before it is done. */
export class LimitsAdministration implements LimitsService {
  readonly #context: CheckContext<LimitsOptions, string>;
  readonly #policy: Policy;
  readonly #keys: Keys;

  constructor(context: CheckContext<LimitsOptions, string>, policy: Policy) {
    this.#context = context;
    this.#policy = policy;
    this.#keys = new Keys(context.config.prefix);
  }

  async show(text: string): Promise<LimitsReport> {
    const subject = parseSubject(text);
    const { domain, tenant, scopes }: Resolved =
      subject.role === 'sender'
        ? await this.#policy.resolve(subject, subject.kind === 'login')
        : { domain: undefined, tenant: undefined, scopes: [await this.#policy.pool(subject)] };
    const nowMs = this.#now();
    return {
      subject: subjectText(subject),
      domain: domain ?? null,
      tenant: tenant ?? null,
      scopes: await Promise.all(scopes.map((scope) => this.#stateOf(scope, nowMs))),
    };
  }

  async exceptions(): Promise<readonly ExceptionReport[]> {
    const { store } = this.#context;
    const nowMs = this.#now();
    const listed = await store.hashGetAll(this.#keys.excepted);
    const found = await Promise.all(
      Object.entries(listed).map(async ([name, untilMs]) => {
        if (Number(untilMs) > nowMs)
          return reports(name, await store.hashGetAll(this.#keys.exceptions(name)), nowMs);
        await store.hashDelete(this.#keys.excepted, name);
        return [];
      }),
    );
    return found.flat().sort((a, b) => a.untilMs - b.untilMs);
  }

  async except(change: Parameters<LimitsService['except']>[0]): Promise<ExceptionReport> {
    const { messages, recipients, untilMs } = change;
    const subject = parseSubject(change.subject);
    const name = subjectText(subject);
    const nowMs = this.#now();
    const amounts = readAmounts(messages, recipients);
    if (!(untilMs > nowMs)) throw mistake('the end of the exception is over already');
    if (untilMs - nowMs > maxExceptionMs)
      throw mistake('an exception lasts a year at most; change the configuration instead');
    const present = reports(name, await this.#storedExceptions(name), nowMs);
    if (present.length >= maxExceptions)
      throw mistake(`${name} has ${maxExceptions} exceptions already; end some`);
    if (subject.role === 'pool' && !isSet((await this.#policy.pool(subject)).limits))
      throw mistake(`${name} has no limits that an exception could change; give it a \`pool\` first`);
    const { owner, reason } = readPerson(change);
    const exception = {
      id: exceptionId(nowMs, present),
      owner,
      reason,
      sinceMs: nowMs,
      untilMs: Math.floor(untilMs),
    };
    const details = { id: exception.id, messages, recipients };
    await this.#audit({ ...change, subject: name }, 'except', exception.untilMs, details);
    await this.#tell(change, name, exception, () => this.#put(name, exception, amounts));
    const [report] = reports(name, await this.#storedExceptions(name), nowMs).filter(
      ({ id }) => id === exception.id,
    );
    if (!report) throw new PosternError('store', 'the exception was not kept');
    return report;
  }

  async revoke(change: Parameters<LimitsService['revoke']>[0]): Promise<readonly string[]> {
    const name = subjectText(parseSubject(change.subject));
    const nowMs = this.#now();
    readPerson(change);
    const present = reports(name, await this.#storedExceptions(name), nowMs);
    const ended = present.filter(({ id }) => change.id === undefined || id === change.id);
    if (ended.length === 0) throw new PosternError('notFound', `${name} has no such exception`);
    for (const { id, untilMs } of ended)
      await this.#audit({ ...change, subject: name }, 'revoke', untilMs, { id });
    const id = change.id ?? everyException;
    await this.#context.store.run(
      changeExceptions,
      [this.#keys.exceptions(name), this.#keys.excepted],
      [nowMs, name, id, '', 0],
    );
    return ended.map((exception) => exception.id);
  }

  async reset(change: LimitChange): Promise<void> {
    const name = subjectText(parseSubject(change.subject));
    readPerson(change);
    const nowMs = this.#now();
    const stored = await this.#context.store.hashGetAll(this.#keys.counters(name));
    const used = Object.fromEntries(
      counters.map((counter) => [`${counter.counts}/${counter.window}`, usedIn(stored, counter, nowMs)]),
    );
    await this.#audit({ ...change, subject: name }, 'reset', null, { used });
    await this.#context.store.run(forget, [this.#keys.counters(name)], []);
  }

  /**
   * Puts exceptions back that the embedded store lost in a crash of the machine. A Redis keeps its own, which
   * another machine may have changed.
   */
  async restore(): Promise<void> {
    const { store } = this.#context;
    if (store.driver !== 'lmdb') return;
    const restored = await this.#activeByTrail();
    for (const { name, exception, amounts } of restored.values()) {
      const known = reports(name, await this.#storedExceptions(name), this.#now());
      if (!known.some(({ id }) => id === exception.id)) await this.#put(name, exception, amounts);
    }
    // Somebody may have ended one meanwhile.
    const still = await this.#activeByTrail();
    for (const [id, { name }] of restored)
      if (!still.has(id))
        await store.run(
          changeExceptions,
          [this.#keys.exceptions(name), this.#keys.excepted],
          [this.#now(), name, id, '', 0],
        );
  }

  /** Exceptions that the audit trail says are in force, the oldest first. */
  async #activeByTrail(): Promise<ReadonlyMap<string, Recorded>> {
    const nowMs = this.#now();
    const trail = await this.#context.records.audit({ area, activeAtMs: nowMs, maxRows: maxRestored });
    const active = new Map<string, Recorded>();
    for (const entry of trail.toReversed()) {
      const id = String(entry.details['id']);
      if (entry.verb !== 'except') {
        active.delete(id);
        continue;
      }
      const { owner, reason, timeMs: sinceMs, untilMs } = entry;
      if (untilMs === null) continue;
      const amount = (counts: CountedThing): string => String(entry.details[counts] ?? '');
      active.set(id, {
        name: entry.subject,
        exception: { id, owner, reason, sinceMs, untilMs },
        amounts: parseAmounts({ messages: amount('messages'), recipients: amount('recipients') }),
      });
    }
    return active;
  }

  #now(): number {
    return Math.floor(this.#context.clock.now());
  }

  #storedExceptions(name: string): Promise<Stored> {
    return this.#context.store.hashGetAll(this.#keys.exceptions(name));
  }

  async #put(name: string, exception: LimitException, amounts: Amounts): Promise<void> {
    const { id, owner, reason, sinceMs, untilMs } = exception;
    await this.#context.store.run(
      changeExceptions,
      [this.#keys.exceptions(name), this.#keys.excepted],
      [
        this.#now(),
        name,
        id,
        JSON.stringify({ owner, reason, sinceMs }),
        untilMs,
        ...amounts.map(exceptionAmount),
      ],
    );
  }

  /** A change that the store refused is in the trail as one that failed. */
  async #tell(
    change: LimitChange,
    name: string,
    { id, untilMs }: LimitException,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      await this.#audit({ ...change, subject: name }, 'failed', untilMs, { id });
      throw error;
    }
  }

  async #audit(
    change: LimitChange,
    verb: string,
    untilMs: number | null,
    details: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { subject, origin } = change;
    const { owner, reason } = readPerson(change);
    const timeMs = this.#now();
    await this.#context.records.addAudit({
      timeMs,
      area,
      verb,
      subject,
      owner,
      origin,
      reason,
      untilMs,
      details,
    });
    this.#context.log.info('limits changed', { verb, subject, origin });
  }

  async #stateOf({ subject, name, limits, sources }: Scope, nowMs: number): Promise<LimitScopeState> {
    const { store, options } = this.#context;
    const [stored, excepted] = await Promise.all([
      store.hashGetAll(this.#keys.counters(name)),
      this.#storedExceptions(name),
    ]);
    const lease = leaseSlots(options.taskTimeoutMs);
    const notes = readPending(stored['p'] ?? '', Math.floor(nowMs / pendingSlotMs), lease);
    return {
      subject: name,
      role: subject.role,
      windows: counters.map((counter, index) => {
        const { field, counts, window } = counter;
        const exception = readException(excepted[field], nowMs);
        const pending = notes.reduce((sum, note) => sum + note[counts], 0);
        return {
          counts,
          window,
          limit: finite(exception?.limit ?? limits[index]),
          used: usedIn(stored, counter, nowMs) + pending,
          pending,
          source: exception ? 'exception' : (sources[index] ?? null),
          exception: exception ? about(exception.id, exception.untilMs, excepted) : null,
        };
      }),
    };
  }
}

function usedIn(stored: Stored, { windowField, counts, lengthMs }: Counter, nowMs: number): number {
  return readWindow(stored[windowField], Math.floor(nowMs / slotMsOf(lengthMs)))[counts];
}

function finite(limit: number | undefined): number | null {
  return limit === undefined || limit === Number.POSITIVE_INFINITY ? null : limit;
}

function about(id: string, untilMs: number, stored: Stored): LimitException {
  const {
    owner = '',
    reason = '',
    sinceMs = 0,
  } = JSON.parse(stored[`i:${id}`] ?? '{}') as Partial<LimitException>;
  return { id, owner, reason, sinceMs, untilMs };
}

const idTimeDigits = 11;

/** Begins with the time, so that the newest of several is the greatest, also when clocks differ a little. */
function exceptionId(nowMs: number, present: readonly ExceptionReport[]): string {
  const times = present.map(({ id }) => Number.parseInt(id.slice(0, idTimeDigits), 16) + 1);
  const time = Math.max(nowMs, ...times);
  return time.toString(16).padStart(idTimeDigits, '0') + randomBytes(3).toString('hex');
}

/** The exceptions of one subject, each with what it changes. */
function reports(subject: string, stored: Stored, nowMs: number): readonly ExceptionReport[] {
  const found = new Map<string, ExceptionReport>();
  for (const { field, counts, window } of counters) {
    for (const { id, untilMs, limit } of readExceptions(stored[field], nowMs)) {
      const known = found.get(id) ?? { ...about(id, untilMs, stored), subject, limits: [] };
      found.set(id, { ...known, limits: [...known.limits, { counts, window, limit: finite(limit) }] });
    }
  }
  return [...found.values()];
}

function mistake(message: string): PosternError {
  return new PosternError('protocol', message);
}

function readAmounts(messages: string | undefined, recipients: string | undefined): Amounts {
  try {
    const amounts = parseAmounts({ messages, recipients });
    if (isSet(amounts)) return amounts;
  } catch (error) {
    if (error instanceof AmountError) throw mistake(error.message);
    throw error;
  }
  throw mistake('an exception needs messages or recipients, such as 100/h');
}

/** Nobody changes a limit without a name and a reason. */
function readPerson({ owner, reason }: LimitChange): { readonly owner: string; readonly reason: string } {
  const [who, why] = [owner.trim(), reason.trim()];
  if (who === '') throw mistake('an owner is needed: who answers for this');
  if (why === '') throw mistake('a reason is needed');
  if (who.length > maxTextLength || why.length > maxTextLength)
    throw mistake(`owner and reason have ${maxTextLength} characters at most`);
  return { owner: who, reason: why };
}
