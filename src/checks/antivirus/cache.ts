import type { ScanResult } from './scanner.ts';

const words = { clean: 'OK', encrypted: 'ENCRYPTED', macro: 'MACRO' } as const;

/** Value under which a result is kept, in the form Rspamd keeps it; undefined: not kept. */
export function cacheText(result: ScanResult, weight: number): string | undefined {
  if (result.kind === 'fail') return undefined;
  const text = result.kind === 'found' ? result.threats.join('\v') : words[result.kind];
  return `${text}\t${result.kind === 'clean' ? 0 : weight}`;
}

/** Reads what {@link cacheText} wrote. */
export function cachedResult(text: string): ScanResult | undefined {
  const [result = ''] = text.split('\t');
  if (result === words.clean) return { kind: 'clean' };
  if (result === words.encrypted) return { kind: 'encrypted', threats: ['File is encrypted'] };
  if (result === words.macro) return { kind: 'macro', threats: ['File contains macros'] };
  return result === '' ? undefined : { kind: 'found', threats: result.split('\v') };
}
