import type { Verdict } from '../../core/index.ts';
import { oneLine } from '../reply/index.ts';

/**
 * Score at and above which a message is called spam, as SpamAssassin means `required`: the threshold of
 * `add header`, else the highest one.
 */
export function spamThreshold(verdict: Verdict): number {
  return verdict.thresholds.get('add header') ?? verdict.requiredScore ?? 0;
}

/** `score / threshold` with one decimal, as SpamAssassin prints both. */
export function scorePair(verdict: Verdict, separator: ' / ' | '/'): string {
  return `${verdict.score.toFixed(1)}${separator}${spamThreshold(verdict).toFixed(1)}`;
}

const nameWidth = 24;

/** Report for people: action, texts and a table of symbols, CRLF lines. */
export function renderReport(verdict: Verdict): string {
  const lines = [`Action: ${verdict.action}`, `Score: ${scorePair(verdict, ' / ')}`];
  for (const message of Object.values(verdict.messages)) lines.push(`Message: ${oneLine(message)}`);
  lines.push(
    '',
    ' pts symbol                   description',
    `---- ${'-'.repeat(nameWidth)} ${'-'.repeat(45)}`,
  );
  for (const hit of verdict.symbols) {
    const options = hit.options.length === 0 ? '' : ` [${hit.options.join(', ')}]`;
    const text = oneLine(`${hit.description ?? ''}${options}`);
    lines.push(`${hit.score.toFixed(1).padStart(4)} ${hit.name.padEnd(nameWidth)} ${text}`.trimEnd());
  }
  return `${lines.join('\r\n')}\r\n`;
}
