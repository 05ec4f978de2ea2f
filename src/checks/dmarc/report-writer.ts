import { type DmarcRecord, dayOf, organizationalDomain, ReportStore } from '../../auth/dmarc/index.ts';
import {
  type CheckContext,
  type DkimOutcome,
  type MapHandle,
  type SpfOutcome,
  StoreError,
  type Task,
} from '../../core/index.ts';
import type { Config } from './options.ts';

type Context = CheckContext<Config, string>;
type Row = Parameters<ReportStore['add']>[3];

/** What a message adds to the report of a domain. */
export interface Observation {
  readonly record: DmarcRecord;
  readonly policyDomain: string;
  readonly spf: SpfOutcome;
  readonly dkim: readonly DkimOutcome[];
  readonly row: Pick<Row, 'isSpfAligned' | 'isDkimAligned' | 'disposition' | 'isSampledOut' | 'fromDomain'>;
}

/** Keeps rows for aggregate reports in the store, after the reply. */
export class ReportWriter {
  readonly #context: Context;
  readonly #store: ReportStore;
  readonly #maps: Readonly<
    Record<'noReporting' | 'only' | 'domains' | 'recipients' | 'addresses', MapHandle | undefined>
  >;
  readonly #waiting = new WeakMap<Task, Observation>();
  #isOut = false;

  constructor(context: Context) {
    const { reporting } = context.config;
    this.#context = context;
    this.#store = new ReportStore(context.store, {
      keys: reporting.redis_keys,
      ttlSeconds: Math.ceil(reporting.keys_expire),
      maxRows: reporting.max_entries,
    });
    const open = (spec: unknown, path: readonly string[], description: string): MapHandle | undefined =>
      spec === undefined
        ? undefined
        : context.maps.open(spec, 'set', { description, path: context.path(...path) });
    this.#maps = {
      noReporting: open(
        context.config.no_reporting_domains,
        ['no_reporting_domains'],
        'domains without DMARC reports',
      ),
      only: open(reporting.only_domains, ['reporting', 'only_domains'], 'domains with DMARC reports'),
      domains: open(
        reporting.exclude_domains,
        ['reporting', 'exclude_domains'],
        'domains without DMARC reports',
      ),
      recipients: open(
        reporting.exclude_recipients,
        ['reporting', 'exclude_recipients'],
        'recipients whose mail is not in DMARC reports',
      ),
      addresses: open(
        reporting.exclude_rua_addresses,
        ['reporting', 'exclude_rua_addresses'],
        'addresses that get no DMARC reports',
      ),
    };
    for (const option of ['email', 'domain', 'org_name'] as const)
      if (reporting[option] === undefined)
        context.warn(['reporting', option], `reports are collected, but cannot be sent without ${option}`);
  }

  /** Remembers what is to be written after the reply. */
  note(task: Task, observation: Observation): void {
    this.#waiting.set(task, observation);
  }

  /** Writes what was noted. A row is lost when the store is out: told once until it works again. */
  async write(task: Task): Promise<void> {
    const observation = this.#waiting.get(task);
    const ip = task.envelope.clientIp;
    if (!observation || !ip || !(await this.#isWanted(task, observation))) return;
    const { record, policyDomain, spf, dkim, row } = observation;
    const { log } = this.#context;
    try {
      await this.#store.add(policyDomain, record.ruaText, dayOf(task.startedMs), {
        ...row,
        ip: ip.text,
        dkim: byResult(dkim),
        spfDomain: spf.domain,
        spfResult: spf.result,
      });
      this.#isOut = false;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (!this.#isOut)
        log.error('rows of DMARC reports are lost; told once until they can be kept', {
          error: error.message,
        });
      this.#isOut = true;
    }
  }

  async #isWanted(task: Task, { record, policyDomain, row }: Observation): Promise<boolean> {
    const { envelope } = task;
    const isManual = envelope.door === 'controller' || envelope.userAgent === 'rspamc';
    if (isManual && !this.#context.config.reporting.report_local_controller) return false;
    const { noReporting, only, domains, recipients, addresses } = this.#maps;
    const names = [policyDomain, organizationalDomain(policyDomain), row.fromDomain];
    if ((await isListed(noReporting, names)) || (await isListed(domains, names))) return false;
    if (only && !(await isListed(only, names))) return false;
    const [recipient] = envelope.recipients;
    if (recipient && (await isListed(recipients, [recipient.text.toLowerCase(), recipient.domain])))
      return false;
    for (const { address } of record.rua)
      if (!(await isListed(addresses, [address.toLowerCase()]))) return true;
    return false;
  }
}

/** After the reply: maps that ask another server may take their time. */
async function isListed(map: MapHandle | undefined, keys: readonly string[]): Promise<boolean> {
  if (!map) return false;
  for (const key of keys) if ((await map.ask(key)) !== undefined) return true;
  return false;
}

function byResult(dkim: readonly DkimOutcome[]): Row['dkim'] {
  const named = dkim.filter(({ domain }) => domain !== '');
  const of = (wanted: DkimOutcome['result']): readonly string[] =>
    named.filter(({ result }) => result === wanted).map(({ domain }) => domain);
  return {
    pass: of('pass'),
    fail: of('fail'),
    temperror: of('temperror'),
    permerror: [...of('permerror'), ...of('neutral'), ...of('policy')],
  };
}
