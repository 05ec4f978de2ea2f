import type { Socket } from 'node:net';
import type { Clock, Configuration, Log, Metrics, Scanner, WorkerBase } from '../core/index.ts';
import { MilterServer } from '../server/milter/index.ts';
import { createProxy } from '../server/proxy/index.ts';
import { ScanServer } from '../server/scan-port/index.ts';

/** One kind of listener with the sessions behind it. */
export interface Door {
  readonly name: 'normal' | 'proxy' | 'controller';
  readonly worker: WorkerBase;
  handle(connection: Socket, kind: 'tcp' | 'unix'): void;
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

/** The doors that mail comes through: the scan port and the milter (or HTTP proxy) port. */
export function createScanDoors(init: DoorInit): readonly Door[] {
  const { configuration, scanner, log, metrics, clock, metricsText } = init;
  const { options, normal, proxy } = configuration;
  const shared = { options, log, metrics, clock };
  const doors: Door[] = [];
  if (normal.enabled) {
    const server = new ScanServer({ ...shared, scanner, worker: normal, metricsText });
    doors.push({
      name: 'normal',
      worker: normal,
      handle: (connection, kind) => server.handle(connection, kind),
      close: (graceMs) => server.close(graceMs),
    });
  }
  if (proxy.enabled) {
    const forwarding = createProxy({
      ...shared,
      scanner,
      worker: proxy,
      isOwnAddress: ownAddress(configuration),
      maxMessageBytes: options.maxMessageBytes,
    });
    const server = proxy.milter
      ? new MilterServer({ ...shared, scanner: forwarding, worker: proxy })
      : new ScanServer({
          ...shared,
          scanner: forwarding,
          worker: { ...normal, ...proxy, taskTimeoutMs: undefined, maxTasks: 0, allowFileInputs: false },
          metricsText,
        });
    doors.push({
      name: 'proxy',
      worker: proxy,
      handle: (connection, kind) => server.handle(connection, kind),
      close: async (graceMs) => {
        await server.close(graceMs);
        forwarding.close();
      },
    });
  }
  return doors;
}
