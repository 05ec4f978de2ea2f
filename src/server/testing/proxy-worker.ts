import type { ProxyWorker } from '../../core/index.ts';

/** Stock values of a proxy worker. */
export const proxyWorker: ProxyWorker = {
  enabled: true,
  sockets: [],
  count: 1,
  tlsCertificatePath: undefined,
  tlsKeyPath: undefined,
  maxConnections: 0,
  maxConnectionsPerSource: 0,
  milter: true,
  timeoutMs: 60_000,
  maxRetries: 5,
  upstreams: [],
  mirrors: [],
  discardOnReject: false,
  quarantineOnReject: false,
  spamHeader: 'X-Spam',
  rejectMessage: 'Spam message rejected',
  quarantineMessage: 'Spam message quarantined',
  tempfailMessage: 'Try again later',
  clientCaName: undefined,
  logTagType: 'session',
};
