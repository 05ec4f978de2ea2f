import { StoreError } from '../core/index.ts';
import type { RedisClient } from './redis-client.ts';
import type { Rotation, ServerAddress, ServerList } from './server-list.ts';

/** Servers of one list; connections are made when first picked. */
export class ServerPool {
  readonly #members: readonly { readonly server: ServerAddress; client: RedisClient | undefined }[];
  readonly #rotation: Rotation;
  readonly #connect: (server: ServerAddress) => RedisClient;
  #turn = 0;
  #isClosed = false;

  constructor(list: ServerList, defaultRotation: Rotation, connect: (server: ServerAddress) => RedisClient) {
    this.#rotation = list.rotation ?? defaultRotation;
    // Master-slave: the heaviest is the master. The sort is stable, so without weights the order written counts.
    const servers =
      this.#rotation === 'master-slave' ? list.servers.toSorted((a, b) => b.weight - a.weight) : list.servers;
    this.#members = servers.map((server) => ({ server, client: undefined }));
    this.#connect = connect;
  }

  /**
   * The server the rotation names for this key, or the next one that is up. When none is known to be up, the named
   * one, which will say what is wrong.
   */
  pick(key: string): RedisClient {
    if (this.#isClosed) throw new StoreError('the store is closed');
    const count = this.#members.length;
    const start = this.#start(key, count);
    const preferred = this.#client(start);
    if (preferred.isReady || !preferred.isDown) return preferred;
    for (let step = 1; step < count; step++) {
      const other = this.#client((start + step) % count);
      if (!other.isDown) return other;
    }
    return preferred;
  }

  close(): void {
    this.#isClosed = true;
    for (const { client } of this.#members) client?.close();
  }

  #start(key: string, count: number): number {
    if (count === 1) return 0;
    switch (this.#rotation) {
      case 'master-slave':
        return 0;
      case 'round-robin':
        return this.#turn++ % count;
      case 'random':
        return Math.floor(Math.random() * count);
      case 'hash':
        return hash(key) % count;
    }
  }

  #client(index: number): RedisClient {
    const member = this.#members[index]!;
    member.client ??= this.#connect(member.server);
    return member.client;
  }
}

/** FNV-1a, 32 bits: the same key goes to the same server in every process. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
