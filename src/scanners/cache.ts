import type { ScannerType, ScanResult } from './scanner.ts';

const words = { clean: 'OK', encrypted: 'ENCRYPTED', macro: 'MACRO' } as const;

/** Value under which a result is kept, in the form Rspamd keeps it; undefined: not kept. */
export function cacheText(result: ScanResult, weight: number): string | undefined {
  if (result.kind === 'fail') return undefined;
  if (result.kind !== 'found') return `${words[result.kind]}\t${result.kind === 'clean' ? 0 : weight}`;
  const text = `${result.threats.join('\v')}\t${result.weight ?? weight}`;
  // A third field is ours: which of several symbols.
  return result.symbol === undefined ? text : `${text}\t${result.symbol}`;
}

/** Reads what {@link cacheText} wrote. */
export function cachedResult(text: string, type: Pick<ScannerType<never>, 'weighs'>): ScanResult | undefined {
  const [result = '', weightText = '', symbol] = text.split('\t');
  if (result === words.clean) return { kind: 'clean' };
  if (result === words.encrypted) return { kind: 'encrypted', threats: ['File is encrypted'] };
  if (result === words.macro) return { kind: 'macro', threats: ['File contains macros'] };
  if (result === '') return undefined;
  const weight = type.weighs && weightText !== '' ? Number(weightText) : Number.NaN;
  return {
    kind: 'found',
    threats: result.split('\v'),
    weight: Number.isFinite(weight) ? weight : undefined,
    symbol,
  };
}
