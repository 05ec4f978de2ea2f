import type { Task } from '../../core/index.ts';
import type { Rule } from './options.ts';

function isSpam(task: Task): boolean {
  const action = task.result.currentAction();
  return action === 'reject' || action === 'add header' || action === 'rewrite subject';
}

function isReject(task: Task): boolean {
  return task.result.currentAction() === 'reject';
}

/** Which messages each selector takes (reference of Rspamd's module; `is_outbound_spam` is ours). */
export const selectMessage: Readonly<Record<Rule['selector'], (task: Task) => boolean>> = {
  default: () => true,
  is_spam: isSpam,
  is_spam_authed: (task) => task.direction.isAuthenticated && isSpam(task),
  is_reject: isReject,
  is_reject_authed: (task) => task.direction.isAuthenticated && isReject(task),
  is_not_soft_reject: (task) => task.result.currentAction() !== 'soft reject',
  is_outbound_spam: (task) => task.direction.isOutbound && isSpam(task),
};
