import { FuzzyStorage } from '../fuzzy/index.ts';
import { type FuzzyDoorSettings, FuzzyStorageDoor } from '../server/fuzzy/index.ts';
import type { HandleDatagram } from './datagram-set.ts';
import type { Door, DoorInit } from './doors.ts';
import type { Services } from './services.ts';

/** The door of the fuzzy storage: connections come to it as to others, datagrams beside them. */
export interface FuzzyDoor extends Door {
  readonly datagram: HandleDatagram;
}

/** What the storage takes from a configuration. */
function settingsOf({ maps, stores, configuration }: Services): FuzzyDoorSettings {
  const { fuzzy: worker } = configuration;
  const open = (option: string, spec: unknown): FuzzyDoorSettings['mayChange'] => {
    const map = maps.open(spec, 'radix', {
      description: `fuzzy storage: ${option}`,
      path: ['worker', 'fuzzy', option],
    });
    return (ip) => map.lookup(ip) !== undefined;
  };
  return {
    worker,
    // The same as that of the check: who learns here and who asks here mean the same hashes.
    storage: new FuzzyStorage(stores.forModule('fuzzy_check', worker.store ?? sectionOf(configuration))),
    mayChange: open('allow_update', worker.allowUpdate),
    isBlocked: open('blocked', worker.blocked),
    isUnlimited: open('ratelimit_whitelist', worker.rateLimit.whitelist),
  };
}

/** The `redis` of the check, which is the only key of its section that names a store. */
function sectionOf({ sections }: Services['configuration']): Readonly<Record<string, unknown>> {
  const redis = sections.get('fuzzy_check')?.['redis'];
  return redis === undefined ? {} : { redis };
}

/** Opens the door that other servers ask for hashes. */
export function openFuzzyDoor(init: DoorInit & { readonly services: () => Services }): FuzzyDoor {
  const door = new FuzzyStorageDoor({ ...init, settings: settingsOf(init.services()) });
  return {
    datagram: (bytes, address, send) => door.datagram(bytes, address, send),
    handle: (connection) => door.handle(connection),
    reconfigure: () => door.reconfigure(settingsOf(init.services())),
    close: (graceMs) => door.close(graceMs),
  };
}
