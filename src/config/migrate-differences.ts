import { authenticationDifferences } from './differences/authentication.ts';
import { contentDifferences } from './differences/content.ts';
import type { Difference, DifferenceContext } from './differences/difference.ts';
import { doorsDifferences } from './differences/doors.ts';
import { filesDifferences } from './differences/files.ts';
import { sendersDifferences } from './differences/senders.ts';

const knownDifferences = [
  ...doorsDifferences,
  ...authenticationDifferences,
  ...contentDifferences,
  ...sendersDifferences,
  ...filesDifferences,
];

/** Differences that concern this configuration (docs/migrate-notes.md has all of them in words). */
export function differencesOf(context: DifferenceContext): readonly Difference[] {
  return knownDifferences.flatMap(({ concerns, ...difference }) => {
    const positions = concerns(context);
    return positions ? [{ ...difference, positions }] : [];
  });
}
