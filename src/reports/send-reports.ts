import { setTimeout as sleep } from 'node:timers/promises';
import {
  checkDestination,
  lookupPolicy,
  type ReportKey,
  type ReportStore,
  type ReportUri,
} from '../auth/dmarc/index.ts';
import { PosternError, type Resolver } from '../core/index.ts';
import { type MailAttempt, type MailServer, sendMail } from '../smtp/index.ts';
import type { AggregateReport } from './aggregate-xml.ts';
import { type PackedReport, packReport, reportMail } from './report-mail.ts';

/** What reports are made from and where they go. */
export interface ReportSending {
  readonly store: ReportStore;
  readonly dns: Resolver;
  readonly server: MailServer;
  readonly reporter: AggregateReport['reporter'];
  readonly fromName: string;
  readonly messageIdDomain: string;
  /** Who gets a copy of every report. */
  readonly copies: readonly string[];
  /** Further attempts after the first. */
  readonly retries: number;
  /** Pause before the first of them; each one doubles it, up to 30 seconds. */
  readonly pauseMs: number;
  /** Does the operator report about this domain? */
  isReported(domain: string): Promise<boolean>;
  /** Does the operator send nothing to this address? */
  isExcluded(address: string): Promise<boolean>;
  now(): number;
}

/** What came of the report about one domain and day. */
export interface ReportResult {
  readonly day: string;
  readonly domain: string;
  /** `dry`: it would be sent. `skipped`: nobody is to get it; its rows are removed, unless somebody else sends it. */
  readonly outcome: 'sent' | 'dry' | 'skipped' | 'failed';
  readonly messages: number;
  readonly rows: number;
  /** Addresses that have it now; for `dry` those that would. */
  readonly recipients: readonly string[];
  /** Why it was skipped, what failed, who does not get it. */
  readonly notes: readonly string[];
}

const longestPauseMs = 30_000;
/** What looking and building may take, beyond the attempts to send. */
const claimMarginMs = 300_000;

/**
 * Sends the reports of these days, a few domains at a time. The rows of a report are removed when every receiver has
 * it; what fails stays for the next run, which leaves out those who have it already.
 *
 * @param days `YYYYMMDD`, all over by now
 * @throws StoreError when the store cannot be read
 */
export async function sendReports(
  days: readonly string[],
  mode: { readonly isDryRun: boolean; readonly batchSize: number },
  sending: ReportSending,
): Promise<readonly ReportResult[]> {
  const results: ReportResult[] = [];
  for (const day of days) {
    const keys = await sending.store.reports(day);
    const domains = [...Map.groupBy(keys, ({ domain }) => domain)];
    for (let at = 0; at < domains.length; at += mode.batchSize) {
      const batch = domains.slice(at, at + mode.batchSize).map(async ([domain, found]) => {
        const run = new DomainRun(day, domain, found, sending);
        return run.send(mode.isDryRun);
      });
      results.push(...(await Promise.all(batch)));
    }
  }
  return results;
}

/** The report about one domain and day. */
class DomainRun {
  readonly #day: string;
  readonly #domain: string;
  readonly #keys: readonly ReportKey[];
  readonly #sending: ReportSending;
  readonly #notes: string[] = [];
  #messages = 0;
  #rows = 0;
  #hasFailed = false;

  constructor(day: string, domain: string, keys: readonly ReportKey[], sending: ReportSending) {
    this.#day = day;
    this.#domain = domain;
    this.#keys = keys;
    this.#sending = sending;
  }

  async send(isDryRun: boolean): Promise<ReportResult> {
    const { store } = this.#sending;
    try {
      if (isDryRun) return await this.#prepareAnd(async ({ recipients }) => this.#result('dry', recipients));
      const claimMs =
        claimMarginMs + (this.#sending.retries + 1) * (this.#sending.server.timeoutMs + longestPauseMs);
      if (!(await store.claim(this.#domain, this.#day, claimMs)))
        return this.#result('skipped', [], 'another process sends it');
      try {
        const result = await this.#prepareAnd((ready) => this.#deliver(ready));
        if (result.outcome !== 'failed') for (const { key } of this.#keys) await store.remove(this.#day, key);
        return result;
      } finally {
        await store.release(this.#domain, this.#day);
      }
    } catch (error) {
      if (!(error instanceof PosternError)) throw error;
      return this.#result('failed', [], error.message);
    }
  }

  async #prepareAnd(go: (ready: Ready) => Promise<ReportResult>): Promise<ReportResult> {
    const { store, dns, reporter } = this.#sending;
    const rows = await store.rows(this.#keys.map(({ key }) => key));
    this.#rows = rows.length;
    this.#messages = rows.reduce((sum, { count }) => sum + count, 0);
    if (rows.length === 0) return this.#result('skipped', [], 'there is nothing to report');
    if (!(await this.#sending.isReported(this.#domain)))
      return this.#result('skipped', [], 'the configuration excludes it');
    // What is published now says who may have the report, not what was published when the mail came.
    const policy = await lookupPolicy(dns, this.#domain);
    if (policy.status === 'unreachable') return this.#result('failed', [], `DNS: ${policy.reason}`);
    if (policy.status !== 'found' || policy.record.rua.length === 0)
      return this.#result('skipped', [], 'the domain asks for no reports any more');
    const report = { reporter, policyDomain: this.#domain, record: policy.record, day: this.#day, rows };
    const packed = packReport(report);
    const recipients = await this.#recipients(policy.record.rua, packed.compressed.length);
    if (recipients.length === 0 && !this.#hasFailed && this.#notes.length === 0)
      return this.#result('sent', []);
    if (recipients.length === 0) return this.#result(this.#hasFailed ? 'failed' : 'skipped', []);
    return go({ report, packed, recipients });
  }

  /** Who is to get a report of this size and does not have it. */
  async #recipients(uris: readonly ReportUri[], sizeBytes: number): Promise<readonly string[]> {
    const { dns, store } = this.#sending;
    const recipients = new Set<string>();
    for (const uri of uris) {
      const destination = await checkDestination(dns, this.#domain, uri);
      if (destination.status === 'unreachable')
        this.#fail(`${uri.address}: DNS does not say whether it wants reports`);
      if (destination.status === 'refused') this.#notes.push(`${uri.address}: did not agree to get reports`);
      if (destination.status !== 'allowed') continue;
      for (const { address, maxBytes } of destination.uris) {
        if (maxBytes !== undefined && sizeBytes > maxBytes)
          this.#notes.push(`${address}: takes ${maxBytes} bytes, the report has ${sizeBytes}`);
        else if (await this.#sending.isExcluded(address.toLowerCase()))
          this.#notes.push(`${address}: the configuration excludes it`);
        else if (!(await store.wasSent(this.#domain, this.#day, address))) recipients.add(address);
      }
    }
    return [...recipients];
  }

  async #deliver({ report, packed, recipients }: Ready): Promise<ReportResult> {
    const { reporter, fromName, messageIdDomain, copies, store, now } = this.#sending;
    const body = reportMail(report, packed, { fromName, messageIdDomain, recipients, nowMs: now() });
    const mail = { from: reporter.email, recipients: [...new Set([...recipients, ...copies])], body };
    const attempt = await this.#attempt(mail);
    if (attempt.outcome !== 'sent') return this.#result('failed', [], attempt.reason);
    const refused = new Map(attempt.refusedRecipients.map(({ address, code }) => [address, code]));
    for (const [address, code] of refused) this.#fail(`${address}: the mail server answered ${code}`);
    const reached = recipients.filter((address) => !refused.has(address));
    if (this.#hasFailed)
      for (const address of reached) await store.noteSent(this.#domain, this.#day, address);
    return this.#result(this.#hasFailed ? 'failed' : 'sent', reached);
  }

  async #attempt(mail: Parameters<typeof sendMail>[1]): Promise<MailAttempt> {
    const { server, retries, pauseMs } = this.#sending;
    for (let failures = 0; ; failures++) {
      const attempt = await sendMail(server, mail, AbortSignal.timeout(server.timeoutMs));
      if (attempt.outcome !== 'outage' || failures >= retries) return attempt;
      await sleep(Math.min(longestPauseMs, pauseMs * 2 ** failures));
    }
  }

  #fail(note: string): void {
    this.#hasFailed = true;
    this.#notes.push(note);
  }

  #result(
    outcome: ReportResult['outcome'],
    recipients: readonly string[],
    ...notes: readonly string[]
  ): ReportResult {
    return {
      day: this.#day,
      domain: this.#domain,
      outcome,
      messages: this.#messages,
      rows: this.#rows,
      recipients,
      notes: [...this.#notes, ...notes],
    };
  }
}

/** A report that only needs to be sent. */
interface Ready {
  readonly report: AggregateReport;
  readonly packed: PackedReport;
  readonly recipients: readonly string[];
}
