import type { StoreFeeds } from '../../core/index.ts';
import { type Attempt, reasonOf } from '../../delivery/index.ts';
import type { ExportItem, Sender } from './sender.ts';

/** Name of the only field of an entry. */
const streamField = 'data';

/** Publishes exports, or appends them to streams. The store's own timeout bounds each command. */
export class RedisSender implements Sender {
  readonly #deliver: (key: string, body: Buffer) => Promise<void>;

  constructor(feeds: StoreFeeds, target: 'channel' | { readonly maxLength: number | undefined }) {
    this.#deliver =
      target === 'channel'
        ? (key, body) => feeds.publish(key, body)
        : (key, body) => feeds.append(key, streamField, body, target.maxLength);
  }

  async send(item: ExportItem, signal: AbortSignal): Promise<Attempt> {
    try {
      for (const key of item.keys) {
        signal.throwIfAborted();
        await this.#deliver(key, item.body);
      }
      return { outcome: 'sent' };
    } catch (error) {
      return { outcome: 'outage', reason: reasonOf(error) };
    }
  }

  close(): void {
    // The store belongs to the configuration.
  }
}
