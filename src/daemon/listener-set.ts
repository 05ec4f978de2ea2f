import type { Socket } from 'node:net';
import type { BindSocket, Configuration, Log, WorkerBase } from '../core/index.ts';
import { type DoorKind, sectionOf } from './doors.ts';
import { isAddressMissing, type Listener, listen, socketGroups, tlsOptions } from './listeners.ts';
import type { OpenedSocket } from './protocol.ts';

interface Open {
  /** Who gets the connections; a reload may change it. */
  door: DoorKind;
  readonly listener: Listener;
}

type Handle = (door: DoorKind, connection: Socket, kind: 'tcp' | 'unix') => void;

/** What identifies a socket that is open: where it is bound and whether it speaks TLS. */
function placeOf({ host, port, path, systemd, tls }: BindSocket): string {
  const place = path ?? (systemd === undefined ? `${host ?? '*'}:${port}` : `systemd:${systemd}`);
  return tls ? `${place} ssl` : place;
}

/** The sockets of one process, kept open over reloads as long as the configuration wants them. */
export class ListenerSet {
  readonly #log: Log;
  readonly #handle: Handle;
  #open = new Map<string, Open>();

  constructor(log: Log, handle: Handle) {
    this.#log = log;
    this.#handle = handle;
  }

  get opened(): readonly OpenedSocket[] {
    return [...this.#open.values()].map(({ door, listener }) => ({ door, address: listener.address }));
  }

  /**
   * Opens what is missing, renews certificates, and closes what nobody wants any more.
   *
   * @throws ConfigError when a socket cannot be opened or a certificate not be used; then what was open stays open
   */
  async update(configuration: Configuration, doors: readonly DoorKind[]): Promise<void> {
    const wanted = new Map<string, Open>();
    const fresh: Open[] = [];
    this.#closeChanged(configuration, doors);
    try {
      for (const door of doors) {
        const worker = configuration[sectionOf[door]];
        for (const socket of worker.sockets) if (socket.tls) tlsOptions(worker);
        for (const group of socketGroups(worker)) {
          for (const [place, open] of await this.#openGroup(door, worker, group, fresh))
            wanted.set(place, open);
        }
      }
    } catch (error) {
      for (const { listener } of fresh) listener.close();
      throw error;
    }
    for (const [place, { listener }] of this.#open) if (!wanted.has(place)) listener.close();
    this.#open = wanted;
    for (const door of doors) {
      const worker = configuration[sectionOf[door]];
      for (const socket of socketGroups(worker).flat()) {
        const open = wanted.get(placeOf(socket));
        if (!open) continue;
        open.door = door;
        open.listener.renewCertificate(worker);
      }
    }
  }

  close(): void {
    for (const { listener } of this.#open.values()) listener.close();
  }

  /** A socket that changes between plain and TLS is the one kind that cannot be opened before the old one closes. */
  #closeChanged(configuration: Configuration, doors: readonly DoorKind[]): void {
    for (const door of doors) {
      for (const socket of socketGroups(configuration[sectionOf[door]]).flat()) {
        const other = placeOf({ ...socket, tls: !socket.tls });
        this.#open.get(other)?.listener.close();
        this.#open.delete(other);
      }
    }
  }

  /** One socket of the group must open; the others may be of an address family that this machine lacks. */
  async #openGroup(
    door: DoorKind,
    worker: WorkerBase,
    group: readonly BindSocket[],
    fresh: Open[],
  ): Promise<readonly (readonly [place: string, open: Open])[]> {
    const opened: (readonly [string, Open])[] = [];
    let missing: unknown;
    for (const socket of group) {
      const place = placeOf(socket);
      const known = this.#open.get(place);
      if (known) {
        opened.push([place, known]);
        continue;
      }
      try {
        const open: Open = {
          door,
          listener: await listen(
            socket,
            worker,
            (connection, kind) => this.#handle(open.door, connection, kind),
            this.#log,
          ),
        };
        fresh.push(open);
        opened.push([place, open]);
      } catch (error) {
        if (!isAddressMissing(error)) throw error;
        missing = error;
      }
    }
    if (opened.length === 0) throw missing;
    return opened;
  }
}
