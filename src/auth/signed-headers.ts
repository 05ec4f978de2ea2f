import type { Header, HeaderList } from '../core/index.ts';

/** How often a header is signed: as often as it is there, once more in any case, once more if it is there at all. */
export type Oversigning = 'present' | 'always' | 'if-present';

export interface SignedHeader {
  /** Lower case. */
  readonly name: string;
  readonly oversigning: Oversigning;
}

/**
 * Reads a list such as `(o)from:(x)date:list-id`: `(o)` signs once more than present, absent or not, so that nobody
 * can add another; `(x)` only if the header is there.
 *
 * @throws Error for a name that is no header field (RFC 5322 3.6.8)
 */
export function parseSignHeaders(text: string): readonly SignedHeader[] {
  const list = new Map<string, SignedHeader>();
  for (const item of text.split(':')) {
    const match = /^\s*(\([ox]\))?\s*([!-'*-9;-~]+)\s*$/i.exec(item);
    if (!match) {
      if (item.trim() === '') continue;
      throw new Error(`"${item.trim()}" is no header name`);
    }
    const mark = match[1]?.toLowerCase();
    const name = match[2]!.toLowerCase();
    // Every instance is signed at its first mention; a second one could only name headers that are signed already.
    if (list.has(name)) continue;
    list.set(name, {
      name,
      oversigning: mark === '(o)' ? 'always' : mark === '(x)' ? 'if-present' : 'present',
    });
  }
  return [...list.values()];
}

const common = [
  '(o)from:(x)sender:(o)reply-to:(o)subject:(x)date:(x)message-id:(o)to:(o)cc:(x)mime-version:(x)content-type',
  '(x)content-transfer-encoding:resent-to:resent-cc:resent-from:resent-sender:resent-message-id',
  '(x)in-reply-to:(x)references:list-id:list-help:list-owner:list-unsubscribe:list-unsubscribe-post:list-subscribe:list-post',
  '(x)openpgp:(x)autocrypt',
].join(':');

/** Stock lists of signed headers, in the order of `h=`. */
export const defaultSignHeaders = { dkim: common, arc: `${common}:dkim-signature` } as const;

/** Names for `h=`, and for each the header to sign; undefined: absent on purpose (RFC 6376 5.4.2). */
export interface SelectedHeaders {
  readonly names: readonly string[];
  readonly selected: readonly (Header | undefined)[];
}

/** Chooses what to sign. Of several headers of one name the lowest comes first (RFC 6376 5.4.2). */
export function selectHeaders(headers: HeaderList, list: readonly SignedHeader[]): SelectedHeaders {
  const names: string[] = [];
  const selected: (Header | undefined)[] = [];
  for (const { name, oversigning } of list) {
    const present = headers.every(name);
    for (let i = present.length - 1; i >= 0; i--) {
      names.push(name);
      selected.push(present[i]);
    }
    if (oversigning === 'always' || (oversigning === 'if-present' && present.length > 0)) {
      names.push(name);
      selected.push(undefined);
    }
  }
  return { names, selected };
}

/** Finds the headers that an `h=` of somebody else's signature names (RFC 6376 5.4.2): from the bottom up. */
export function pickHeaders(headers: HeaderList, names: readonly string[]): SelectedHeaders {
  const taken = new Map<string, number>();
  const selected = names.map((name) => {
    const present = headers.every(name);
    const used = taken.get(name) ?? 0;
    taken.set(name, used + 1);
    return present[present.length - 1 - used];
  });
  return { names, selected };
}
