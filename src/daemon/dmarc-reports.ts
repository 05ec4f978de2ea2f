import { dayOf, organizationalDomain, type ReportingOptions, ReportStore } from '../auth/dmarc/index.ts';
import {
  type ConfigPath,
  type Configuration,
  type MapHandle,
  PosternError,
  type SourcePosition,
} from '../core/index.ts';
import { createResolver } from '../dns/index.ts';
import { createMaps } from '../maps/index.ts';
import { ProcessMetrics, silentLog } from '../observe/index.ts';
import { type ReportResult, sendReports } from '../reports/index.ts';
import { createStores } from '../store/index.ts';

/** Time for one attempt to send. */
const sendTimeoutMs = 60_000;
const pauseMs = 1000;
const dayMs = 86_400_000;

export interface DmarcReportOptions {
  /** `YYYYMMDD`; empty: every day that is over and whose rows may still be there. */
  readonly days: readonly string[];
  readonly isDryRun: boolean;
  /** Reports that are made and sent at once. */
  readonly batchSize: number;
  /** Servers to ask instead of the configured ones. */
  readonly nameservers: readonly string[];
}

interface DmarcSection {
  readonly enabled: boolean;
  readonly no_reporting_domains?: unknown;
  readonly reporting: ReportingOptions;
}

/** Days that are over and whose rows did not expire. */
function dueDays(nowMs: number, expireSeconds: number): readonly string[] {
  const count = Math.ceil((expireSeconds * 1000) / dayMs);
  return Array.from({ length: count }, (_, index) => dayOf(nowMs - (count - index) * dayMs));
}

/**
 * Sends the aggregate reports of a configuration (RFC 7489 7.2).
 *
 * @throws PosternError when reports are off or cannot be sent, StoreError when the rows cannot be read
 */
export async function sendDmarcReports(
  configuration: Configuration,
  options: DmarcReportOptions,
): Promise<readonly ReportResult[]> {
  const section = configuration.modules.get('dmarc') as DmarcSection | undefined;
  if (!section?.enabled || !section.reporting.enabled)
    throw new PosternError('config', 'reports are off; set dmarc.reporting.enabled');
  const { reporting } = section;
  const { email, domain, org_name: organization } = reporting;
  if (email === undefined || domain === undefined || organization === undefined)
    throw new PosternError('config', 'dmarc.reporting needs email, domain and org_name');
  const now = Date.now();
  const days = options.days.length > 0 ? options.days : dueDays(now, reporting.keys_expire);
  const unfinished = days.find((day) => day >= dayOf(now));
  if (unfinished !== undefined) throw new PosternError('config', `${unfinished} is not over yet (UTC)`);

  const { stateDir } = configuration;
  const position = (path: ConfigPath): SourcePosition | undefined => configuration.position(path);
  const ports = { log: silentLog, metrics: new ProcessMetrics(), clock: Date };
  const stores = createStores({ ...ports, redis: configuration.redis, stateDir, position });
  const { dns } = configuration.options;
  const resolver = createResolver({
    ...ports,
    dns: options.nameservers.length > 0 ? { ...dns, nameservers: options.nameservers } : dns,
  });
  const store = stores.forModule('dmarc', configuration.sections.get('dmarc'));
  // Lists of the network are left to the server: it kept their rows out of the store.
  const maps = createMaps({
    ...ports,
    options: configuration.options,
    stateDir,
    store,
    mode: 'check',
    position,
  });
  try {
    const open = (spec: unknown, ...path: string[]): MapHandle | undefined =>
      spec === undefined
        ? undefined
        : maps.open(spec, 'set', { description: `dmarc ${path.at(-1)}`, path: ['dmarc', ...path] });
    const excluded = [
      open(section.no_reporting_domains, 'no_reporting_domains'),
      open(reporting.exclude_domains, 'reporting', 'exclude_domains'),
    ];
    const addresses = open(reporting.exclude_rua_addresses, 'reporting', 'exclude_rua_addresses');
    await maps.ready();
    const has = async (map: MapHandle | undefined, key: string): Promise<boolean> =>
      map !== undefined && (await map.ask(key)) !== undefined;
    return await sendReports(days, options, {
      store: new ReportStore(store, {
        keys: reporting.redis_keys,
        ttlSeconds: Math.ceil(reporting.keys_expire),
        maxRows: reporting.max_entries,
      }),
      dns: resolver,
      server: {
        host: reporting.smtp,
        port: reporting.smtp_port,
        helo: reporting.helo,
        timeoutMs: sendTimeoutMs,
        connectMs: undefined,
        readMs: undefined,
      },
      reporter: { organization, email, domain },
      fromName: reporting.from_name,
      messageIdDomain: reporting.msgid_from,
      copies: reporting.bcc_addrs,
      retries: reporting.retries,
      pauseMs,
      // only_domains also goes by From, which rows were chosen by when they were kept.
      isReported: async (name) => {
        const names = new Set([name, organizationalDomain(name)]);
        for (const map of excluded) for (const key of names) if (await has(map, key)) return false;
        return true;
      },
      isExcluded: (address) => has(addresses, address),
      now: () => Date.now(),
    });
  } finally {
    resolver.close();
    await maps.close();
    await stores.close();
  }
}
