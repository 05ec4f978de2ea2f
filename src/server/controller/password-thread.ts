import { parentPort } from 'node:worker_threads';
import { computePasswordHash, parsePasswordHash } from './password-hash.ts';

/** One question of the authenticator to its thread. */
export interface HashQuestion {
  readonly id: number;
  readonly stored: string;
  readonly password: string;
}

/** The thread's answer. */
export interface HashAnswer {
  readonly id: number;
  readonly isRight: boolean;
}

parentPort?.on('message', ({ id, stored, password }: HashQuestion) => {
  const parsed = parsePasswordHash(stored);
  const isRight =
    parsed !== undefined && Buffer.from(computePasswordHash(password, parsed)).equals(parsed.hash);
  parentPort?.postMessage({ id, isRight } satisfies HashAnswer);
});
