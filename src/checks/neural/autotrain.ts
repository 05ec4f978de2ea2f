import { type Task, verdictClass } from '../../core/index.ts';
import type { NeuralOptions } from './options.ts';

/** By how much one class may outgrow the other: a share, and messages. */
const balance = { share: 1.1, messages: 50 } as const;

interface Counts {
  readonly spam: number;
  readonly ham: number;
}

type Class = 'spam' | 'ham';

/** The score without what the learner itself added: it is not to learn its own opinion. */
function scoreOfOthers({ result }: Task, symbols: readonly string[]): number {
  return symbols.reduce((score, symbol) => score - (result.get(symbol)?.score ?? 0), result.score);
}

function byVerdict(
  task: Task,
  { train, symbol_spam: spam, symbol_ham: ham }: NeuralOptions,
): Class | undefined {
  const { result } = task;
  if (result.preResults.length > 0) return undefined;
  const score = scoreOfOthers(task, [spam, ham]);
  const verdict = verdictClass(result);
  if (train.spam_score !== undefined) {
    if (score >= train.spam_score) return 'spam';
  } else if (verdict === 'spam' || verdict === 'junk') {
    const least = result.threshold('add header') ?? result.requiredScore();
    if (least !== undefined && score >= least) return 'spam';
  }
  if (train.ham_score !== undefined) return score <= train.ham_score ? 'ham' : undefined;
  return verdict === 'ham' && score < 0 ? 'ham' : undefined;
}

function isWanted({ train }: NeuralOptions, wanted: Class, counts: Counts): boolean {
  if (Math.random() >= train.train_prob) return false;
  if (Math.random() < (wanted === 'spam' ? train.spam_skip_prob : train.ham_skip_prob)) return false;
  if (train.learn_mode === 'proportional') return true;
  const [own, other] = wanted === 'spam' ? [counts.spam, counts.ham] : [counts.ham, counts.spam];
  return own <= other * balance.share + balance.messages;
}

/** What is learned of a message after its scan; undefined: nothing ever is. */
export type Autotrain = (task: Task, counts: Counts) => Class | undefined;

export function compileAutotrain(options: NeuralOptions): Autotrain {
  const { train, autolearn, allow_local: allowsLocal } = options;
  const isOn = (train.autotrain || autolearn.enabled) && !train.frozen;
  return (task, counts) => {
    if (train.frozen) return undefined;
    const forced = task.envelope.request.get('ann-train')?.trim().toLowerCase();
    if (forced === 'spam' || forced === 'ham') return forced;
    const { direction } = task;
    if (!isOn) return undefined;
    if (direction.isAuthenticated && autolearn.exclude_users) return undefined;
    if (direction.isLocal && (autolearn.exclude_local || !allowsLocal)) return undefined;
    const wanted = byVerdict(task, options);
    return wanted !== undefined && isWanted(options, wanted, counts) ? wanted : undefined;
  };
}
