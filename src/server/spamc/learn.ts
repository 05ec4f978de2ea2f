import { type Envelope, ProtocolError, type RequestHeaders } from '../../core/index.ts';

/** Databases a client may ask to teach: ours, or a service for reports. */
type LearnTarget = 'local' | 'remote';

/** What TELL asks for (spamd protocol: `Message-class`, `Set`, `Remove`). */
export interface LearnRequest {
  readonly raw: Buffer;
  readonly envelope: Envelope;
  /** Undefined when the message is only to be forgotten. */
  readonly messageClass: 'spam' | 'ham' | undefined;
  readonly set: readonly LearnTarget[];
  readonly remove: readonly LearnTarget[];
  readonly signal: AbortSignal | undefined;
}

/** What was done of it. */
export interface LearnResult {
  readonly didSet: readonly LearnTarget[];
  readonly didRemove: readonly LearnTarget[];
}

/** Teaches the classifier. Rejects with a PosternError when it cannot. */
export type Learn = (request: LearnRequest) => Promise<LearnResult>;

function targets(value: string | undefined): LearnTarget[] {
  const words = (value ?? '')
    .toLowerCase()
    .split(',')
    .map((word) => word.trim());
  return (['local', 'remote'] as const).filter((target) => words.includes(target));
}

/** @throws ProtocolError when the headers ask for nothing, or for a class that does not exist */
export function parseLearnHeaders(
  headers: RequestHeaders,
): Pick<LearnRequest, 'messageClass' | 'set' | 'remove'> {
  const messageClass = headers.get('message-class')?.toLowerCase();
  if (messageClass !== undefined && messageClass !== 'spam' && messageClass !== 'ham') {
    throw new ProtocolError('Message-class is neither spam nor ham');
  }
  const set = targets(headers.get('set'));
  const remove = targets(headers.get('remove'));
  if (set.length === 0 && remove.length === 0) throw new ProtocolError('TELL without Set and Remove');
  if (set.length > 0 && messageClass === undefined) throw new ProtocolError('TELL without Message-class');
  return { messageClass, set, remove };
}
