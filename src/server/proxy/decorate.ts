import {
  type Envelope,
  type ProxyWorker,
  RequestHeaderList,
  type RequestHeaders,
  type UpstreamConfig,
} from '../../core/index.ts';

/**
 * The envelope as an upstream's configuration changes it: settings, and the name for logs where the client gave none
 * (wire-protocols 4.1, 4.2). The same object when nothing changes.
 */
export function decorate(envelope: Envelope, config: UpstreamConfig, worker: ProxyWorker): Envelope {
  const logTag = envelope.logTag ?? (worker.logTagType === 'queue_id' ? envelope.queueId : undefined);
  const settings = settingsOf(config);
  const { settingsId } = config;
  if (settings === undefined && settingsId === undefined && logTag === envelope.logTag) return envelope;
  return {
    ...envelope,
    logTag,
    settings: settings ?? envelope.settings,
    settingsId: settingsId ?? envelope.settingsId,
  };
}

/** The envelope with the operator's extra headers as rules see them. */
export function withExtraHeaders(envelope: Envelope, extraHeaders: UpstreamConfig['extraHeaders']): Envelope {
  const extra = Object.entries(extraHeaders);
  return extra.length === 0 ? envelope : { ...envelope, request: withHeaders(envelope.request, extra) };
}

function settingsOf({ settings }: UpstreamConfig): Envelope['settings'] {
  if (typeof settings === 'string') return settings;
  return typeof settings === 'object' && settings !== null
    ? (settings as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The headers with those of the operator in place of the client's. */
function withHeaders(request: RequestHeaders, extra: readonly (readonly [string, string])[]): RequestHeaders {
  const names = new Set(extra.map(([name]) => name.toLowerCase()));
  const list = new RequestHeaderList();
  for (const [name, value] of request.entries()) if (!names.has(name)) list.add(name, value);
  for (const [name, value] of extra) list.add(name, value);
  return list;
}
