import type { NormalWorker, Options } from '../../core/index.ts';

/** The limits of the scan port, worked out once per configuration. 0 means no limit. */
export interface ScanPortSettings {
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** Largest head of a request. */
  readonly maxHeadBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
  readonly maxTasks: number;
  /** Bodies that are held in memory at once, in bytes, over all connections of this process. */
  readonly maxBufferedBytes: number;
  /** Between two requests, and between two pieces of one. */
  readonly idleTimeoutMs: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number;
  /** A scan that takes longer is stuck: it is given up and answered with `soft reject`. */
  readonly scanTimeoutMs: number;
  readonly allowFileInputs: boolean;
}

/** Whole messages of the largest size that may be in memory at once. */
const bufferedMessages = 8;

function smallest(...limits: readonly number[]): number {
  const set = limits.filter((limit) => limit > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}

/** What the configuration says about the scan port. Where two options limit the same thing the stricter one holds. */
export function scanPortSettings(worker: NormalWorker, options: Options): ScanPortSettings {
  const { limits } = options;
  const taskTimeoutMs = worker.taskTimeoutMs ?? options.taskTimeoutMs;
  return {
    maxMessageBytes: options.maxMessageBytes,
    maxRecipients: options.maxRecipients,
    maxHeadBytes: limits.maxHeaderBytes,
    maxConnections: smallest(worker.maxConnections, limits.maxConnections),
    maxConnectionsPerSource: smallest(worker.maxConnectionsPerSource, limits.maxConnectionsPerSource),
    maxTasks: smallest(worker.maxTasks, limits.maxTasks),
    maxBufferedBytes: bufferedMessages * options.maxMessageBytes,
    idleTimeoutMs: smallest(worker.timeoutMs, limits.idleTimeoutMs),
    requestTimeoutMs: limits.requestTimeoutMs,
    scanTimeoutMs: taskTimeoutMs * 2 + 5000,
    allowFileInputs: worker.allowFileInputs,
  };
}
