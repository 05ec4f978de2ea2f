import type { IncomingMessage } from 'node:http';
import type { Clock, ControllerWorker } from '../../core/index.ts';
import { type IpAddress, parseIp } from '../../lib/index.ts';
import { PasswordVerifier } from './passwords.ts';

/** What a request may do: nothing, look, or change things. */
export type Access = 'none' | 'read' | 'write' | 'throttled';

/** Passwords of the files that Rspamd ships; never good enough from another machine (wire-protocols 1.11). */
const shippedPasswords: ReadonlySet<string> = new Set(['q1', 'q2']);
/** Sources whose failures are remembered. */
const maxSources = 10_000;
const maxSourceLength = 64;

export interface AuthenticatorInit {
  readonly settings: () => {
    readonly worker: Pick<
      ControllerWorker,
      'password' | 'enablePassword' | 'maxAuthFailures' | 'authFailureWindowMs'
    >;
    readonly isTrusted: (ip: IpAddress) => boolean;
  };
  readonly clock: Clock;
}

interface Failures {
  count: number;
  sinceMs: number;
}

/** The address that a proxy in front names: the last of X-Forwarded-For, else X-Real-IP. */
export function forwardedFor(request: IncomingMessage): string | undefined {
  const forwarded = request.headers['x-forwarded-for'];
  const list = Array.isArray(forwarded) ? forwarded.join(',') : forwarded;
  const last = list?.split(',').at(-1)?.trim();
  if (last) return last;
  const real = request.headers['x-real-ip'];
  return Array.isArray(real) ? real.at(-1) : real;
}

/** Decides what each request of the controller may do. */
export class Authenticator {
  readonly #init: AuthenticatorInit;
  readonly #verifier = new PasswordVerifier();
  readonly #failures = new Map<string, Failures>();

  constructor(init: AuthenticatorInit) {
    this.#init = init;
  }

  /** @param password from the header `Password` or the query */
  async access(
    request: IncomingMessage,
    isUnixSocket: boolean,
    password: string | undefined,
  ): Promise<Access> {
    const { worker, isTrusted } = this.#init.settings();
    const peer = isUnixSocket ? undefined : parseIp(request.socket.remoteAddress ?? '');
    let source = peer?.text ?? 'unix';
    if (isUnixSocket || (peer && isTrusted(peer))) {
      const forwarded = forwardedFor(request);
      if (forwarded === undefined) return 'write';
      // A proxy in front is trusted to say for whom it asks, and that counts instead.
      const origin = parseIp(forwarded);
      if (origin && isTrusted(origin)) return 'write';
      source = origin?.text ?? forwarded.slice(0, maxSourceLength);
    }
    if (worker.password === undefined && worker.enablePassword === undefined) return 'none';
    if (this.#isThrottled(source)) return 'throttled';
    if (password === undefined) return 'none';
    // Whoever is near enough to use a shipped password was let in above.
    const access = shippedPasswords.has(password) ? 'none' : await this.#check(password);
    if (access === 'none') this.#failed(source);
    else this.#failures.delete(source);
    return access;
  }

  close(): Promise<void> {
    return this.#verifier.close();
  }

  async #check(given: string): Promise<Access> {
    const { password, enablePassword } = this.#init.settings().worker;
    const writing = enablePassword ?? password;
    if (writing !== undefined && (await this.#verifier.isRight(writing, given))) return 'write';
    if (password !== undefined && password !== writing && (await this.#verifier.isRight(password, given)))
      return 'read';
    return 'none';
  }

  #isThrottled(source: string): boolean {
    const { maxAuthFailures, authFailureWindowMs } = this.#init.settings().worker;
    const failures = this.#failures.get(source);
    if (!failures || maxAuthFailures <= 0) return false;
    if (this.#init.clock.now() - failures.sinceMs > authFailureWindowMs) {
      this.#failures.delete(source);
      return false;
    }
    return failures.count >= maxAuthFailures;
  }

  #failed(source: string): void {
    const failures = this.#failures.get(source);
    if (failures) failures.count++;
    else {
      if (this.#failures.size >= maxSources) {
        const [oldest] = this.#failures.keys();
        if (oldest !== undefined) this.#failures.delete(oldest);
      }
      this.#failures.set(source, { count: 1, sinceMs: this.#init.clock.now() });
    }
  }
}
