import type { Options, ProxyWorker } from '../../core/index.ts';
import type { MessageLimits } from './message-builder.ts';

/** What one milter listener grants its clients. */
export interface MilterLimits extends MessageLimits {
  readonly maxRecipients: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
  /** Longest packet taken, bytes. */
  readonly maxFrameBytes: number;
  /** Time for a packet, for the content of a message, for negotiation, and for the MTA to read an answer. */
  readonly requestTimeoutMs: number;
  /** Silence while no message is under way. */
  readonly idleTimeoutMs: number;
  /** Silence after MAIL: the MTA says nothing while its client uploads the content, however slowly. */
  readonly uploadTimeoutMs: number;
  /** How often a "still working" packet goes out during a scan; Sendmail waits 10 s for any packet. */
  readonly progressIntervalMs: number;
  /** How often sessions are looked at for the times above. */
  readonly sweepIntervalMs: number;
}

/** Shortest limit for an upload; cutting the connection then costs the MTA's client a 4xx reply. */
const shortestUploadMs = 60 * 60 * 1000;

/** The limits that a configuration means for a milter listener; 0 in it stands for no limit. */
export function milterLimits(options: Options, worker: ProxyWorker): MilterLimits {
  const { limits } = options;
  const orNone = (limit: number): number => (limit > 0 ? limit : Number.POSITIVE_INFINITY);
  return {
    maxHeaderBytes: orNone(limits.maxHeaderBytes),
    maxMessageBytes: orNone(options.maxMessageBytes),
    maxRecipients: orNone(options.maxRecipients),
    maxConnections: orNone(worker.maxConnections || limits.maxConnections),
    maxConnectionsPerSource: orNone(worker.maxConnectionsPerSource || limits.maxConnectionsPerSource),
    maxFrameBytes: 1024 * 1024,
    requestTimeoutMs: orNone(limits.requestTimeoutMs),
    idleTimeoutMs: orNone(limits.idleTimeoutMs),
    uploadTimeoutMs: Math.max(orNone(limits.idleTimeoutMs), shortestUploadMs),
    progressIntervalMs: 4000,
    sweepIntervalMs: 1000,
  };
}
