import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const binary = '/usr/bin/xmllint';
const schema = join(import.meta.dirname, 'dmarc-aggregate.xsd');

/** Why documents cannot be compared with the schema, if so; in CI they have to be. */
export function xmllintMissing(): string | undefined {
  if (existsSync(binary)) return undefined;
  const reason = 'left out: Debian package libxml2-utils is missing';
  if (process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

/** What is wrong with an aggregate report by the schema of RFC 7489 appendix C; empty: nothing. */
export function schemaErrors(xml: string): string {
  const { status, stderr } = spawnSync(binary, ['--noout', '--nonet', '--schema', schema, '-'], {
    input: xml,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return status === 0 ? '' : stderr;
}
