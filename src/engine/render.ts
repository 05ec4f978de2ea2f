import type { Configuration, PosternError, Task, UrlView, Verdict } from '../core/index.ts';
import { MilterReply } from '../core/index.ts';
import { type ActionTable, requiredScore, thresholds } from './actions.ts';
import type { ScanResult } from './result.ts';

/** `%s` is the old subject, `%d` the score, `%%` a percent sign (wire-protocols 1.7 `subject`). */
function rewriteSubject(template: string, oldSubject: string, score: number): string {
  return template.replaceAll(/%([sd%])/g, (_, kind: string) =>
    kind === 's' ? oldSubject : kind === 'd' ? score.toFixed(2) : '%',
  );
}

function linksOf(task: Task): { urls: readonly UrlView[]; emails: readonly string[] } | undefined {
  if (task.raw.length === 0 || task.flags.has('skip_process')) return undefined;
  const { urls, emails } = task.content;
  if (urls.length === 0 && emails.length === 0) return undefined;
  return { urls, emails: emails.map((address) => address.text) };
}

/** Turns a finished scan into the verdict that sessions render. */
export function renderVerdict(scan: {
  readonly task: Task;
  readonly result: ScanResult;
  readonly configuration: Configuration;
  readonly elapsedMs: number;
  readonly unitTimesMs: ReadonlyMap<string, number> | undefined;
}): Verdict {
  const { task, result, configuration } = scan;
  const chosen = result.choose();
  const { action, score, forcedBy, definition } = chosen;
  const symbols = [...result.hits];
  const messages: Record<string, string> = { ...task.messages };
  if (forcedBy?.message) messages['smtp_message'] ??= forcedBy.message;
  const isEmpty = task.raw.length === 0;
  const links = linksOf(task);
  const milterAction = action === 'discard' || action === 'quarantine' ? action : definition?.milter;
  return {
    action,
    score: Number.isNaN(score) ? 0 : score,
    requiredScore: requiredScore(result.actions),
    thresholds: thresholds(result.actions),
    isSkipped: task.flags.has('skip'),
    passthroughModule: forcedBy?.module,
    subject:
      action === 'rewrite subject'
        ? rewriteSubject(task.subject ?? configuration.subject, isEmpty ? '' : task.message.subject, score)
        : undefined,
    milterAction,
    symbols,
    groups: [...result.groupScores()].map(([group, sum]) => ({
      name: group.name,
      score: sum,
      description: group.description,
    })),
    messages,
    urls: links?.urls,
    emails: links?.emails,
    profile: scan.unitTimesMs && Object.fromEntries(scan.unitTimesMs),
    messageId: isEmpty ? undefined : (task.message.messageId ?? 'undef'),
    elapsedMs: scan.elapsedMs,
    // A copy: what a check finishes after its deadline must not reach a reply that is being written.
    dkimSignatures: [...task.dkimSignatures],
    milter: task.milter.isEmpty ? undefined : task.milter,
    rewritten: task.rewritten,
    newline: isEmpty ? '\r\n' : task.message.newline,
    failure: undefined,
  };
}

/** A whole verdict that stands for a failure: every client tells its sender to try later. */
export function failureVerdict(failure: PosternError, actions: ActionTable, task: Task | undefined): Verdict {
  return {
    action: 'soft reject',
    score: 0,
    requiredScore: requiredScore(actions),
    thresholds: thresholds(actions),
    isSkipped: false,
    passthroughModule: 'failure',
    subject: undefined,
    milterAction: undefined,
    symbols: [],
    groups: [],
    messages: { smtp_message: 'Try again later' },
    urls: undefined,
    emails: undefined,
    profile: undefined,
    messageId: undefined,
    elapsedMs: 0,
    dkimSignatures: [],
    milter: new MilterReply(),
    rewritten: undefined,
    newline: task && task.raw.length > 0 ? task.message.newline : '\r\n',
    failure,
  };
}
