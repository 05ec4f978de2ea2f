import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Task } from '../../core/index.ts';

const field = 'x-postern-alert';
const macBytes = 16;

/**
 * Marks the mail we send, so that it is not exported by mail again when it comes through this scanner on its way:
 * alerts name the symbols and links of what they warn of and are easily taken for spam themselves. The mark is keyed
 * by the configuration, which all processes and machines of one installation share; a sender cannot make it up.
 */
export class OwnMail {
  readonly #key: Buffer;

  /** @param configuration anything that outsiders do not know and all processes do */
  constructor(configuration: unknown) {
    this.#key = createHash('sha256').update(JSON.stringify(configuration)).digest();
  }

  /** Value of the header field `X-Postern-Alert`. */
  mark(): string {
    const nonce = randomBytes(12).toString('hex');
    return `${nonce}.${this.#mac(nonce).toString('hex')}`;
  }

  /** Is this one of ours? Mail with a login never is: recipients of alerts know marks that are true. */
  has(task: Task): boolean {
    if (task.direction.isAuthenticated) return false;
    const value = task.message.headers.first(field)?.value;
    const parts = value === undefined ? null : /^([0-9a-f]{24})\.([0-9a-f]{32})$/.exec(value);
    if (!parts) return false;
    return timingSafeEqual(this.#mac(parts[1]!), Buffer.from(parts[2]!, 'hex'));
  }

  #mac(nonce: string): Buffer {
    return createHmac('sha256', this.#key).update(nonce).digest().subarray(0, macBytes);
  }
}
