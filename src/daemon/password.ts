import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../core/index.ts';

/** File in the state folder that holds the controller's generated password, readable by its owner only. */
export function passwordFile(stateDir: string): string {
  return join(stateDir, 'controller.password');
}

/**
 * The password of a controller that was given none: made at the first start and kept in the state folder, so that no
 * installation ever runs with a password that everybody knows.
 */
export function generatedPassword(stateDir: string): { readonly password: string; readonly isNew: boolean } {
  const file = passwordFile(stateDir);
  if (existsSync(file)) return { password: readFileSync(file, 'utf8').trim(), isNew: false };
  mkdirSync(stateDir, { recursive: true });
  const password = randomBytes(18).toString('base64url');
  writeFileSync(file, `${password}\n`, { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return { password, isNew: true };
}

/** Passwords of the files that Rspamd ships: as good as none. */
const shippedPasswords: ReadonlySet<string | undefined> = new Set([undefined, '', 'q1', 'q2']);

/** Does the controller need the generated password, because the operator set none? */
export function needsPassword(configuration: Configuration): boolean {
  const { password, enablePassword } = configuration.controller;
  return shippedPasswords.has(password) && shippedPasswords.has(enablePassword);
}
