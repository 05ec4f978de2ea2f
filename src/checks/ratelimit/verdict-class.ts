import type { ResultView } from '../../core/index.ts';

/** Is the message clearly ham or spam, so that limits may widen or narrow? */
export function verdictClass(result: ResultView): 'ham' | 'spam' | undefined {
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
      return positive > 2 ? 'spam' : undefined;
    case 'no action':
      return result.score < 0 || negative > 3 ? 'ham' : undefined;
    default:
      return undefined;
  }
}
