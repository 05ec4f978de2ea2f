import type { MapHandle, Task } from '../../core/index.ts';
import type { SigningConfig } from './options.ts';

/** Why a message may be signed. */
export type SigningReason = 'authenticated' | 'network' | 'local' | 'inbound';

/** A message that is not signed, and why: one short phrase for log and metrics. */
export interface NotSigned {
  readonly refused: string;
}

/** Actions of pre-results that make a signature pointless. */
const pointlessActions: ReadonlySet<string> = new Set(['reject', 'soft reject', 'discard', 'drop']);

/** May this message be signed at all (addenda, Signing: order of the domain check)? */
export function findReason(
  task: Task,
  config: SigningConfig,
  networks: MapHandle | undefined,
): SigningReason | NotSigned {
  const { envelope, direction, result } = task;
  if (result.preResults.length > 0 && pointlessActions.has(result.currentAction()))
    return { refused: 'action is forced' };
  if (config.skip_spam_sign && result.currentAction() !== 'no action')
    return { refused: 'action is not no action' };
  if (direction.isAuthenticated && config.sign_authenticated) return 'authenticated';
  if (networks && envelope.clientIp && networks.lookup(envelope.clientIp) !== undefined) return 'network';
  if (direction.isLocal && config.sign_local) return 'local';
  if (!direction.isOutbound && config.sign_inbound) return 'inbound';
  return { refused: 'direction' };
}

/** Did our own check find that the signatures (the chain) that came with the message are forged? */
export function isViolated(task: Task, what: 'DKIM' | 'ARC'): boolean {
  return task.result.has(what === 'DKIM' ? 'R_DKIM_REJECT' : 'ARC_REJECT');
}
