import { type GlobalOptions, outboundChecks, type Task, verdictClass } from '../../core/index.ts';
import type { BayesOptions } from './options.ts';

/** What is learned of a message by its verdict: the name of a class; undefined: nothing. */
export type Autolearn = (task: Task, learned: () => Promise<Learned>) => Promise<string | undefined>;

/** Messages learned of the two classes. */
export interface Learned {
  readonly spam: number;
  readonly ham: number;
}

type ObjectOptions = Extract<BayesOptions['autolearn'], { readonly learn_verdict: boolean }>;

/** Ours leaves mail of our own alone by default, unlike Rspamd: what customers send is not what they receive. */
function mayLearn(options: BayesOptions, global: GlobalOptions): (task: Task) => boolean {
  const { autolearn, autolearn_outbound: outbound } = options;
  const own = typeof autolearn === 'object' && 'learn_verdict' in autolearn ? autolearn : undefined;
  const { local, authed } = outboundChecks(
    { check_local: own?.check_local ?? outbound, check_authed: own?.check_authed ?? outbound },
    global,
  );
  return ({ direction }) => !(direction.isAuthenticated && !authed) && !(direction.isLocal && !local);
}

function byVerdict({ result }: Task, options: ObjectOptions): 'spam' | 'ham' | undefined {
  const verdict = verdictClass(result);
  const { spam_threshold: spam, ham_threshold: ham, junk_threshold: junk } = options;
  if (spam !== undefined && ham !== undefined) {
    if (verdict === 'spam' && result.score >= spam) return 'spam';
    if (verdict === 'junk' && junk !== undefined && result.score >= junk) return 'spam';
    return verdict === 'ham' && result.score <= ham ? 'ham' : undefined;
  }
  if (!options.learn_verdict) return undefined;
  return verdict === 'junk' ? 'spam' : verdict;
}

function byConditions(options: ObjectOptions): Autolearn {
  return async (task, learned) => {
    if (options.require_queue_id && task.envelope.queueId === undefined) return undefined;
    if (task.result.preResults.length > 0) return undefined;
    const wanted = byVerdict(task, options);
    if (wanted === undefined || !options.check_balance) return wanted;
    const { spam, ham } = await learned();
    const [own, other] = wanted === 'spam' ? [spam, ham] : [ham, spam];
    return own / (other + 1) > 1 / options.min_balance ? undefined : wanted;
  };
}

function bySetting({ autolearn }: BayesOptions): Autolearn | undefined {
  if (autolearn === false) return undefined;
  if (autolearn === true)
    return async ({ result }) => {
      const reject = result.threshold('reject') ?? result.requiredScore();
      if (reject !== undefined && result.score > reject) return 'spam';
      return result.score < 0 ? 'ham' : undefined;
    };
  if (Array.isArray(autolearn)) {
    const low = Math.min(autolearn[0], autolearn[1]);
    const high = Math.max(autolearn[0], autolearn[1]);
    return async ({ result: { score } }) => {
      if (score >= high) return 'spam';
      return score <= low ? 'ham' : undefined;
    };
  }
  if ('multiclass' in autolearn) {
    const ranges = Object.entries(autolearn.multiclass.thresholds);
    return async ({ result: { score } }) =>
      ranges.find(([, [least, most]]) => score >= least && score <= most)?.[0];
  }
  return byConditions(autolearn);
}

/** Undefined: nothing is learned by itself. */
export function compileAutolearn(options: BayesOptions, global: GlobalOptions): Autolearn | undefined {
  const choose = bySetting(options);
  if (!choose) return undefined;
  const isLearnable = mayLearn(options, global);
  return async (task, learned) => (isLearnable(task) ? choose(task, learned) : undefined);
}
