import type { ResultView } from './task.ts';

/**
 * What a verdict says of a message, for those who learn from it: clearly ham, junk (marked) or spam (refused); undefined
 * when it is not clear.
 */
export function verdictClass(result: ResultView): 'ham' | 'junk' | 'spam' | undefined {
  let positive = 0;
  let negative = 0;
  for (const { score } of result.hits) {
    if (score > 0) positive++;
    else if (score < 0) negative++;
  }
  switch (result.currentAction()) {
    case 'reject':
      return positive > 1 ? 'spam' : undefined;
    case 'add header':
    case 'rewrite subject':
      return positive > 2 ? 'junk' : undefined;
    case 'no action':
      return result.score < 0 || negative > 3 ? 'ham' : undefined;
    default:
      return undefined;
  }
}
