/** An IPv4 or IPv6 address. IPv4-mapped IPv6 (`::ffff:192.0.2.1`) is always held as IPv4. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array;
  /** Canonical text (RFC 5952 for IPv6). */
  readonly text: string;
}

function parseV4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let octet = -1;
  let index = 0;
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (octet < 0 || index === 3) return undefined;
      bytes[index++] = octet;
      octet = -1;
      digits = 0;
    } else if (code >= 0x30 && code <= 0x39) {
      octet = (octet < 0 ? 0 : octet) * 10 + code - 0x30;
      if (octet > 255 || ++digits > 3) return undefined;
    } else return undefined;
  }
  if (octet < 0 || index !== 3) return undefined;
  bytes[3] = octet;
  return bytes;
}

function parseV6(text: string): Uint8Array | undefined {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    let end = text.indexOf(':', i);
    if (end < 0) end = text.length;
    const piece = text.slice(i, end);
    if (piece.includes('.')) {
      const v4 = end === text.length ? parseV4(piece) : undefined;
      if (!v4) return undefined;
      groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(piece)) return undefined;
      groups.push(Number.parseInt(piece, 16));
    }
    if (end === text.length) {
      i = end;
      break;
    }
    i = end + 1;
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      i++;
    } else if (i === text.length) return undefined;
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  const bytes = new Uint8Array(16);
  const tail = gap < 0 ? 0 : groups.length - gap;
  for (let g = 0; g < groups.length; g++) {
    const slot = gap >= 0 && g >= gap ? 8 - tail + (g - gap) : g;
    bytes[slot * 2] = groups[g]! >> 8;
    bytes[slot * 2 + 1] = groups[g]! & 255;
  }
  return bytes;
}

function formatV6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let g = 0; g < 8; g++) groups.push((bytes[g * 2]! << 8) | bytes[g * 2 + 1]!);
  // RFC 5952 4.2: the longest run of zeros, of at least two groups, the first one of equals.
  let best = -1;
  let bestLength = 1;
  for (let g = 0; g < 8; ) {
    let run = 0;
    while (g + run < 8 && groups[g + run] === 0) run++;
    if (run > bestLength) {
      best = g;
      bestLength = run;
    }
    g += Math.max(run, 1);
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((n) => n.toString(16))
      .join(':');
  return best < 0 ? hex(0, 8) : `${hex(0, best)}::${hex(best + bestLength, 8)}`;
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 255 && bytes[11] === 255;
}

/** The address for these 4 or 16 bytes. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === 16 && isMapped(bytes)) bytes = bytes.slice(12);
  if (bytes.length === 4) return { family: 4, bytes, text: bytes.join('.') };
  return { family: 6, bytes, text: formatV6(bytes) };
}

/** Parses dotted IPv4 or RFC 4291 IPv6 text; `%scope` is dropped. No brackets, ports or prefixes. */
export function parseIp(text: string): IpAddress | undefined {
  if (text.length > 64) return undefined;
  const percent = text.indexOf('%');
  if (percent >= 0) text = text.slice(0, percent);
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  return bytes && ipFromBytes(bytes);
}

/** A network: address and prefix length in bits. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** Parses `addr` or `addr/len`; the address of IPv6 may stand in brackets. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const slash = text.lastIndexOf('/');
  let host = slash < 0 ? text : text.slice(0, slash);
  if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
  const address = parseIp(host);
  if (!address) return undefined;
  const bits = address.bytes.length * 8;
  if (slash < 0) return { address, prefixLength: bits };
  const lengthText = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(lengthText)) return undefined;
  let prefixLength = Number(lengthText);
  // ::ffff:192.0.2.0/120 was turned into IPv4 above; its prefix counts from bit 96.
  if (address.family === 4 && host.includes(':')) prefixLength -= 96;
  return prefixLength >= 0 && prefixLength <= bits ? { address, prefixLength } : undefined;
}

interface TrieNode<V> {
  zero: TrieNode<V> | undefined;
  one: TrieNode<V> | undefined;
  value: V | undefined;
  isSet: boolean;
}

function newNode<V>(): TrieNode<V> {
  return { zero: undefined, one: undefined, value: undefined, isSet: false };
}

/** Longest-prefix look-up of addresses in networks. */
export class IpTrie<V> {
  readonly #v4: TrieNode<V> = newNode();
  readonly #v6: TrieNode<V> = newNode();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(network: IpNetwork, value: V): void {
    let node = network.address.family === 4 ? this.#v4 : this.#v6;
    for (let bit = 0; bit < network.prefixLength; bit++) {
      if ((network.address.bytes[bit >> 3]! >> (7 - (bit & 7))) & 1) node = node.one ??= newNode();
      else node = node.zero ??= newNode();
    }
    if (!node.isSet) this.#size++;
    node.isSet = true;
    node.value = value;
  }

  /** Value of the longest network that holds the address; undefined when none does. */
  get(ip: IpAddress): V | undefined {
    let node: TrieNode<V> | undefined = ip.family === 4 ? this.#v4 : this.#v6;
    let found = node.value;
    const bits = ip.bytes.length * 8;
    for (let bit = 0; bit < bits; bit++) {
      node = (ip.bytes[bit >> 3]! >> (7 - (bit & 7))) & 1 ? node.one : node.zero;
      if (!node) break;
      if (node.isSet) found = node.value;
    }
    return found;
  }

  has(ip: IpAddress): boolean {
    let node: TrieNode<V> | undefined = ip.family === 4 ? this.#v4 : this.#v6;
    const bits = ip.bytes.length * 8;
    for (let bit = 0; node; bit++) {
      if (node.isSet) return true;
      if (bit === bits) break;
      node = (ip.bytes[bit >> 3]! >> (7 - (bit & 7))) & 1 ? node.one : node.zero;
    }
    return false;
  }
}

/** Loopback (RFC 1122 3.2.1.3, RFC 4291 2.5.3) and IPv6 link-local or site-local (RFC 4291 2.5.6, RFC 3879). */
export function isIntrinsicallyLocal(ip: IpAddress): boolean {
  const [first, second] = ip.bytes;
  if (ip.family === 4) return first === 127 || (first === 169 && second === 254);
  if (first === 0xfe && (second! & 0xc0) >= 0x80) return true;
  return ip.text === '::1';
}
