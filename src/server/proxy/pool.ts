import type { Clock, Log, UpstreamConfig } from '../../core/index.ts';
import type { Target } from './target.ts';

/** How failures are judged. */
export interface HealthPolicy {
  /** This many failures within {@link windowMs} take a scanner out. */
  readonly maxFailures: number;
  readonly windowMs: number;
  /** First pause before a scanner that is out is asked again; doubles up to {@link maxPauseMs}. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
}

export const stockHealthPolicy: HealthPolicy = {
  maxFailures: 4,
  windowMs: 10_000,
  firstPauseMs: 2000,
  maxPauseMs: 60_000,
};

export interface PoolInit {
  readonly name: string;
  readonly targets: readonly Target[];
  readonly rotation: UpstreamConfig['rotation'];
  readonly policy: HealthPolicy;
  readonly clock: Clock;
  readonly log: Log;
  /** Number from 0 to 1, for `random`. */
  readonly random: () => number;
  /** Asks whether a scanner answers. Must not reject. */
  readonly check: (target: Target) => Promise<boolean>;
  /** Told when a scanner goes out or comes back. */
  readonly changed: (target: Target, isUp: boolean) => void;
}

interface Member {
  readonly target: Target;
  /** Score of the smooth weighted round robin. */
  credit: number;
  failures: number;
  firstFailureMs: number;
  pauseMs: number;
  isUp: boolean;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The scanners of one upstream: chooses one for each request and takes those out that fail, until a check finds
 * them well again. When all are out they are still tried, so that mail flows the moment one is back.
 */
export class Pool {
  readonly #init: PoolInit;
  readonly #members: readonly Member[];
  #isClosed = false;

  constructor(init: PoolInit) {
    this.#init = init;
    this.#members = init.targets.map((target) => ({
      target,
      credit: 0,
      failures: 0,
      firstFailureMs: 0,
      pauseMs: init.policy.firstPauseMs,
      isUp: true,
      timer: undefined,
    }));
  }

  /**
   * The scanner for the next attempt; undefined when every one was tried.
   *
   * @param tried scanners that failed this request already
   * @param key requests of the same key go to the same scanner, with rotation `hash`
   */
  choose(tried: ReadonlySet<Target>, key: string): Target | undefined {
    const left = this.#members.filter(({ target }) => !tried.has(target));
    const up = left.filter(({ isUp }) => isUp);
    return this.#pick(up.length > 0 ? up : left, key)?.target;
  }

  succeeded(target: Target): void {
    const member = this.#member(target);
    if (!member) return;
    member.failures = 0;
    if (!member.isUp) this.#revive(member);
  }

  failed(target: Target): void {
    const member = this.#member(target);
    if (!member?.isUp || this.#isClosed) return;
    const nowMs = this.#init.clock.now();
    if (member.failures === 0 || nowMs - member.firstFailureMs > this.#init.policy.windowMs) {
      member.failures = 0;
      member.firstFailureMs = nowMs;
    }
    if (++member.failures < this.#init.policy.maxFailures) return;
    member.isUp = false;
    this.#init.log.warn('scanner is out', { upstream: this.#init.name, host: target.text });
    this.#init.changed(target, false);
    this.#schedule(member);
  }

  close(): void {
    this.#isClosed = true;
    for (const member of this.#members) clearTimeout(member.timer);
  }

  #member(target: Target): Member | undefined {
    return this.#members.find((member) => member.target === target);
  }

  #pick(members: readonly Member[], key: string): Member | undefined {
    if (members.length < 2) return members[0];
    switch (this.#init.rotation) {
      case 'master-slave':
        return best(members, ({ target }) => target.weight);
      case 'hash':
        // Rendezvous hashing: a scanner that goes out moves only its own keys.
        return best(members, ({ target }) => weightedHash(`${target.text}\n${key}`, target.weight));
      case 'random':
        return best(members, ({ target }) => this.#init.random() ** (1 / target.weight));
      case 'round-robin': {
        let total = 0;
        for (const member of members) {
          member.credit += member.target.weight;
          total += member.target.weight;
        }
        const chosen = best(members, ({ credit }) => credit);
        if (chosen) chosen.credit -= total;
        return chosen;
      }
    }
  }

  #schedule(member: Member): void {
    if (this.#isClosed) return;
    clearTimeout(member.timer);
    member.timer = setTimeout(() => void this.#check(member), member.pauseMs).unref();
    member.pauseMs = Math.min(member.pauseMs * 2, this.#init.policy.maxPauseMs);
  }

  async #check(member: Member): Promise<void> {
    const isWell = await this.#init.check(member.target);
    if (member.isUp || this.#isClosed) return;
    if (isWell) this.#revive(member);
    else this.#schedule(member);
  }

  #revive(member: Member): void {
    clearTimeout(member.timer);
    member.isUp = true;
    member.failures = 0;
    member.pauseMs = this.#init.policy.firstPauseMs;
    this.#init.log.info('scanner is back', { upstream: this.#init.name, host: member.target.text });
    this.#init.changed(member.target, true);
  }
}

/** The first member with the highest score. */
function best(members: readonly Member[], score: (member: Member) => number): Member | undefined {
  let chosen: Member | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const member of members) {
    const value = score(member);
    if (value > highest) {
      highest = value;
      chosen = member;
    }
  }
  return chosen;
}

/** Score of a member for a key under weighted rendezvous hashing, from a 32-bit FNV-1a hash. */
function weightedHash(text: string, weight: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // FNV mixes its last characters badly into the high bits; this finishes the mixing.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  const unit = ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 + Number.EPSILON;
  return -weight / Math.log(unit);
}
