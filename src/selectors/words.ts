import type { Task } from '../core/index.ts';

const wordPattern = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’_-]*/gu;
/** Links and addresses are no words. */
const linkPattern = /\S*(?::\/\/|@)\S*|\bwww\.\S+/giu;
const maxWords = 10_000;

/** Words of all texts of a message, up to a bound. */
export function words(task: Task): string[] {
  const found: string[] = [];
  for (const view of task.content.texts) {
    for (const [word] of view.text.replace(linkPattern, ' ').matchAll(wordPattern)) {
      if (found.length >= maxWords) return found;
      found.push(word);
    }
  }
  return found;
}
