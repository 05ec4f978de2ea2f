import type { Socket } from 'node:net';
import type { Clock, Configuration, Log, Metrics, NormalWorker, Scanner } from '../core/index.ts';
import { MilterServer } from '../server/milter/index.ts';
import { createProxy } from '../server/proxy/index.ts';
import { ScanServer } from '../server/scan-port/index.ts';
import type { Learn } from '../server/spamc/index.ts';
import { SwappedScanner } from './swapped-scanner.ts';

/** What a door speaks, and to whom: the scan port, the milter port, an HTTP proxy, the controller, a fuzzy storage. */
export type DoorKind = 'scan' | 'milter' | 'proxy' | 'controller' | 'fuzzy';

/** Which section of the configuration a door belongs to. */
export const sectionOf = {
  scan: 'normal',
  milter: 'proxy',
  proxy: 'proxy',
  controller: 'controller',
  fuzzy: 'fuzzy',
} as const satisfies Readonly<Record<DoorKind, 'normal' | 'proxy' | 'controller' | 'fuzzy'>>;

/** The sessions behind one kind of listener. A door outlives reloads, so that its connections do too. */
export interface Door {
  handle(connection: Socket, kind: 'tcp' | 'unix'): void;
  /** Takes a new configuration, for requests that begin from now on. */
  reconfigure(configuration: Configuration): void;
  /** Takes no new requests, finishes those that were accepted; resolves when all connections are gone. */
  close(graceMs: number): Promise<void>;
}

export interface DoorInit {
  readonly configuration: Configuration;
  readonly scanner: Scanner;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Metrics of the whole server as text. */
  readonly metricsText: () => Promise<string>;
  /** Teaches the classifier (TELL of the spamd protocol). */
  readonly learn: Learn;
}

/** The doors that mail comes through, as a configuration wants them. */
export function scanDoorKinds({ normal, proxy }: Configuration): readonly DoorKind[] {
  const kinds: DoorKind[] = [];
  if (normal.enabled) kinds.push('scan');
  if (proxy.enabled) kinds.push(proxy.milter ? 'milter' : 'proxy');
  return kinds;
}

/** Is this address one that our own scan port listens on, so that asking it over the network would be a detour? */
function ownAddress(configuration: Configuration): (host: string, port: number) => boolean {
  const loopback = new Set(['localhost', '127.0.0.1', '::1']);
  return (host, port) =>
    configuration.normal.enabled &&
    configuration.normal.sockets.some((socket) => {
      if (socket.port !== port) return false;
      const isEverywhere = socket.host === undefined || ['*', '0.0.0.0', '::'].includes(socket.host);
      return (
        socket.host === host || (loopback.has(host) && (isEverywhere || loopback.has(socket.host ?? '')))
      );
    });
}

/** Opens one of the doors that mail comes through. */
export function openScanDoor(kind: Exclude<DoorKind, 'controller' | 'fuzzy'>, init: DoorInit): Door {
  switch (kind) {
    case 'scan':
      return scanDoor(init);
    case 'milter':
      return milterDoor(init);
    case 'proxy':
      return httpProxyDoor(init);
  }
}

function scanDoor({ configuration, ...init }: DoorInit): Door {
  const server = new ScanServer({ ...init, options: configuration.options, worker: configuration.normal });
  return {
    handle: (connection, kind) => server.handle(connection, kind),
    reconfigure: ({ normal, options }) => server.reconfigure(normal, options),
    close: (graceMs) => server.close(graceMs),
  };
}

function forwardingScanner(init: DoorInit): SwappedScanner<Configuration> {
  return new SwappedScanner(init.configuration, (configuration) =>
    createProxy({
      ...init,
      worker: configuration.proxy,
      isOwnAddress: ownAddress(configuration),
      maxMessageBytes: configuration.options.maxMessageBytes,
    }),
  );
}

function milterDoor(init: DoorInit): Door {
  const scanner = forwardingScanner(init);
  const { proxy: worker, options } = init.configuration;
  const server = new MilterServer({ ...init, scanner, worker, options });
  return {
    handle: (connection) => server.handle(connection),
    reconfigure(configuration) {
      scanner.swap(configuration);
      server.reconfigure({ scanner, worker: configuration.proxy, options: configuration.options });
    },
    async close(graceMs) {
      await server.close(graceMs);
      scanner.close();
    },
  };
}

/** The proxy without milter speaks like the scan port, with limits of its own. */
function proxyAsScanPort({ normal, proxy }: Configuration): NormalWorker {
  return { ...normal, ...proxy, taskTimeoutMs: undefined, maxTasks: 0, allowFileInputs: false };
}

function httpProxyDoor(init: DoorInit): Door {
  const scanner = forwardingScanner(init);
  const { configuration } = init;
  const server = new ScanServer({
    ...init,
    scanner,
    options: configuration.options,
    worker: proxyAsScanPort(configuration),
  });
  return {
    handle: (connection, kind) => server.handle(connection, kind),
    reconfigure(renewed) {
      scanner.swap(renewed);
      server.reconfigure(proxyAsScanPort(renewed), renewed.options);
    },
    async close(graceMs) {
      await server.close(graceMs);
      scanner.close();
    },
  };
}
