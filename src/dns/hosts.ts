import { readFileSync, statSync } from 'node:fs';
import type { Clock, Log } from '../core/index.ts';
import { parseIp } from '../lib/index.ts';
import { normaliseName } from './name.ts';

/** Files are looked at again after this long, when somebody asks. */
const checkIntervalMs = 5_000;

/** Names from hosts files (hosts(5)); read again when a file changes. */
export class HostsFiles {
  readonly #paths: readonly string[];
  readonly #clock: Clock;
  readonly #log: Log;
  #addresses: ReadonlyMap<string, readonly string[]> = new Map();
  #stamp = '';
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(paths: readonly string[], clock: Clock, log: Log) {
    this.#paths = paths;
    this.#clock = clock;
    this.#log = log;
  }

  /** Addresses of that family; undefined when no file names the host with one. */
  lookup(name: string, type: 'a' | 'aaaa'): readonly string[] | undefined {
    if (this.#paths.length === 0) return undefined;
    this.#refresh();
    return this.#addresses.get(`${type} ${name}`);
  }

  #refresh(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#checkedMs < checkIntervalMs) return;
    this.#checkedMs = nowMs;
    const stamp = this.#paths.map(fileStamp).join(' ');
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    const addresses = new Map<string, string[]>();
    for (const path of this.#paths) this.#read(path, addresses);
    this.#addresses = addresses;
  }

  #read(path: string, addresses: Map<string, string[]>): void {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      this.#log.warn(`cannot read hosts file ${path}`, { error: String(error) });
      return;
    }
    for (const line of text.split('\n')) {
      const [ipText = '', ...names] = line.split('#', 1)[0]!.trim().split(/\s+/);
      const ip = parseIp(ipText);
      if (!ip) continue;
      for (const host of names) {
        const name = normaliseName(host);
        if (name === undefined) continue;
        const key = `${ip.family === 4 ? 'a' : 'aaaa'} ${name}`;
        const known = addresses.get(key);
        if (!known) addresses.set(key, [ip.text]);
        else if (!known.includes(ip.text)) known.push(ip.text);
      }
    }
  }
}

function fileStamp(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : '-';
}
