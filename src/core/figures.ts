import type { Totals } from './control.ts';

const spamActions = ['reject', 'soft reject', 'rewrite subject', 'add header'];
const hamActions = ['greylist', 'no action'];

function sum({ actions }: Totals, names: readonly string[]): number {
  return names.reduce((total, name) => total + (actions[name] ?? 0), 0);
}

/** Messages that got an action against spam (wire-protocols 1.7.1). */
export function countSpam(totals: Totals): number {
  return sum(totals, spamActions);
}

/** Messages that did not. */
export function countHam(totals: Totals): number {
  return sum(totals, hamActions);
}

/** Figures of the whole server that Rspamd exports, by its names. */
export const exportedFigures = [
  'actions.add header',
  'actions.greylist',
  'actions.no action',
  'actions.reject',
  'actions.rewrite subject',
  'actions.soft reject',
  'bytes_allocated',
  'chunks_allocated',
  'chunks_freed',
  'chunks_oversized',
  'connections',
  'control_connections',
  'ham_count',
  'learned',
  'pools_allocated',
  'pools_freed',
  'scanned',
  'shared_chunks_allocated',
  'spam_count',
] as const;
export type ExportedFigure = (typeof exportedFigures)[number];

/** Value of a figure; those of memory pools, which do not exist here, are 0. */
export function figure(name: ExportedFigure, totals: Totals): number {
  if (name.startsWith('actions.')) return totals.actions[name.slice('actions.'.length)] ?? 0;
  switch (name) {
    case 'bytes_allocated':
      return process.memoryUsage.rss();
    case 'connections':
      return totals.connections;
    case 'control_connections':
      return totals.controlConnections;
    case 'ham_count':
      return countHam(totals);
    case 'spam_count':
      return countSpam(totals);
    case 'learned':
      return totals.learned;
    case 'scanned':
      return totals.scanned;
    default:
      return 0;
  }
}
