import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { leftOutWithout } from './left-out.ts';

const binary = '/usr/bin/xmllint';
const schema = join(import.meta.dirname, 'dmarc-aggregate.xsd');

/** Why documents cannot be compared with the schema, if so; in CI they have to be. */
export function xmllintMissing(): string | undefined {
  return leftOutWithout({ 'libxml2-utils': binary }) || undefined;
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
