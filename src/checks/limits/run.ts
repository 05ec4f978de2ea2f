import { type CheckContext, type InsertHit, StoreError, senderOf, type Task } from '../../core/index.ts';
import { counters } from './amounts.ts';
import { type LimitHit, settle, take } from './counter.ts';
import { Keys } from './keys.ts';
import type { LimitsOptions } from './options.ts';
import type { Policy, Scope } from './policy.ts';
import { isOversized, refusalText } from './texts.ts';
import { pendingSlotMs } from './windows.ts';

export type LimitSymbol = 'LIMIT_EXCEEDED' | 'LIMIT_UNCHECKED';

/** A pending note is forgotten after so long, or twice the time that a scan may take. */
const minLeaseMs = 120_000;
/** Counters nobody uses are dropped when the longest window and its last slot are over. */
export const expireMs = 2 * 86_400_000;

/** What one message was noted with. */
interface Note {
  readonly keys: readonly string[];
  readonly recipients: number;
  /** Where it is pending; -1: nowhere. */
  slot: number;
}

/** Both stages of the check: before the filters, and after the reply. */
export class LimitsRun {
  readonly #context: CheckContext<LimitsOptions, LimitSymbol>;
  readonly #policy: Policy;
  readonly #keys: Keys;
  readonly #leaseSlots: number;
  readonly #notes = new WeakMap<Task, Note>();
  readonly #exceeded: ReturnType<CheckContext<LimitsOptions, LimitSymbol>['metrics']['counter']>;

  constructor(context: CheckContext<LimitsOptions, LimitSymbol>, policy: Policy) {
    this.#context = context;
    this.#policy = policy;
    this.#keys = new Keys(context.config.prefix);
    this.#leaseSlots = leaseSlots(context.options.taskTimeoutMs);
    this.#exceeded = context.metrics.counter(
      'postern_limits_exceeded_total',
      'Messages over a sending limit',
      ['level', 'counts', 'window'],
    );
  }

  /** Is there room for this message? Notes it as pending if so. */
  async check(task: Task, hit: InsertHit<LimitSymbol>): Promise<void> {
    if (!task.direction.isOutbound || task.result.preResults.length > 0 || isLookedAtOnly(task)) return;
    const { config, log, store, clock } = this.#context;
    const { scopes } = await this.#policy.resolve(
      senderOf(task.sender),
      task.direction.isAuthenticated,
      task.signal,
    );
    const recipients = Math.max(1, task.envelope.recipients.length);
    const note: Note = { keys: scopes.map(({ name }) => this.#keys.counters(name)), recipients, slot: -1 };
    const keys = scopes.flatMap(({ name }) => [this.#keys.counters(name), this.#keys.exceptions(name)]);
    const limits = scopes.flatMap(({ limits: amounts }) =>
      amounts.map((amount) => (amount === undefined || amount === Number.POSITIVE_INFINITY ? -1 : amount)),
    );
    try {
      const nowMs = Math.floor(clock.now());
      const taken = await store.run(take, keys, [nowMs, recipients, this.#leaseSlots, expireMs, ...limits]);
      this.#notes.set(task, note);
      if (taken.hits.length > 0) this.#stop(task, hit, taken.hits, scopes, recipients);
      else this.#remember(task, note, taken.slot);
    } catch (error) {
      if (!(error instanceof StoreError) || config.on_store_failure !== 'accept') throw error;
      log.warn('limits could not be checked, the message passes', { id: task.id, error: error.message });
      hit('LIMIT_UNCHECKED');
    }
  }

  /** Counts what was accepted, and takes the pending note back in any case. */
  async settle(task: Task): Promise<void> {
    const note = this.#notes.get(task);
    if (!note) return;
    this.#notes.delete(task);
    const action = task.result.currentAction();
    const isAccepted = action !== 'reject' && action !== 'soft reject' && action !== 'greylist';
    await this.#settle(note, isAccepted ? 1 : 0);
  }

  /** The client may leave, or the time run out: what was noted must not stay. */
  #remember(task: Task, note: Note, slot: number): void {
    note.slot = slot;
    const giveUp = (): void => {
      this.#settle(note, 0).catch((error: unknown) =>
        this.#context.log.warn('cannot give back a pending message', { id: task.id, error: String(error) }),
      );
    };
    if (task.signal.aborted) giveUp();
    else task.signal.addEventListener('abort', giveUp, { once: true });
  }

  async #settle(note: Note, charged: 0 | 1): Promise<void> {
    const { slot } = note;
    if (slot < 0 && charged === 0) return;
    note.slot = -1;
    const { store, clock } = this.#context;
    const nowMs = Math.floor(clock.now());
    await store.run(settle, note.keys, [nowMs, note.recipients, this.#leaseSlots, expireMs, slot, charged]);
  }

  #stop(
    task: Task,
    hit: InsertHit<LimitSymbol>,
    hits: readonly LimitHit[],
    scopes: readonly Scope[],
    recipients: number,
  ): void {
    const { config, log } = this.#context;
    for (const { scope, counter, used, limit } of hits) {
      const { counts, window } = counters[counter]!;
      const { name, subject } = scopes[scope]!;
      const level = subject.role === 'sender' ? 'sender' : subject.kind;
      this.#exceeded.add(1, { level, counts, window });
      log.info('sending limit reached', { id: task.id, subject: name, counts, window, used, limit });
      hit('LIMIT_EXCEEDED', 1, `${name} ${counts}/${window} ${used}/${limit}`);
    }
    if (config.action === 'symbol') return;
    const worst = hits.toSorted((a, b) => urgency(b, recipients) - urgency(a, recipients))[0]!;
    task.setPreResult({
      action: isOversized(worst, recipients) ? config.oversized_action : config.action,
      message: refusalText(worst, scopes[worst.scope]!, recipients, config.help),
      module: 'limits',
      priority: 0,
      isLeast: false,
      processAll: false,
    });
  }
}

/** Of several limits the sender is told the one that stops him longest. */
function urgency(hit: LimitHit, recipients: number): number {
  if (isOversized(hit, recipients)) return Number.POSITIVE_INFINITY;
  if (hit.limit <= 0) return Number.MAX_VALUE;
  return hit.freeAtMs ?? 0;
}

/** Scans of mail that nobody sends now: by command line clients and through the controller. */
function isLookedAtOnly({ envelope }: Task): boolean {
  return (
    envelope.door === 'controller' ||
    envelope.userAgent?.toLowerCase() === 'rspamc' ||
    envelope.request.get('password') !== undefined
  );
}

export function leaseSlots(taskTimeoutMs: number | undefined): number {
  return Math.ceil(Math.max(minLeaseMs, 2 * (taskTimeoutMs ?? 0)) / pendingSlotMs);
}
