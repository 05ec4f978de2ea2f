import type { Log } from '../../core/index.ts';
import {
  type Attempt,
  type Batch,
  type HttpAnswer,
  judgeStatus,
  reasonOf,
  type WebRequest,
  type WebServers,
} from '../../delivery/index.ts';
import { type Config, indexPattern } from './options.ts';
import {
  type Distribution,
  geoipPipeline,
  ilmPolicy,
  indexTemplate,
  ismPolicy,
  policyPath,
  saysTheSame,
} from './resources.ts';

/** Composable templates came with Elasticsearch 7.8. */
const oldestElastic = [7, 8] as const;

/** The server will never do what is asked of it. */
class UnsuitableError extends Error {}

/** An Elasticsearch or OpenSearch: prepares its template, policy and pipeline, and fills indices. */
export class ElasticDatabase {
  readonly #servers: WebServers;
  readonly #config: Config;
  readonly #log: Log;
  readonly #bulkPath: string;
  #isPrepared = false;

  constructor(servers: WebServers, config: Config, log: Log) {
    this.#servers = servers;
    this.#config = config;
    this.#log = log;
    const query = new URLSearchParams({ filter_path: 'errors,items.*.status,items.*.error.type' });
    if (config.geoip.enabled) query.set('pipeline', config.geoip.pipeline_name);
    this.#bulkPath = `/_bulk?${query}`;
  }

  /** Sends rows. Never rejects. */
  async send({ rows }: Batch, signal: AbortSignal): Promise<Attempt> {
    try {
      if (!this.#isPrepared) await this.#prepare(signal);
      this.#isPrepared = true;
    } catch (error) {
      if (error instanceof UnsuitableError) return { outcome: 'refused', reason: error.message };
      const retries = this.#config.version.autodetect_max_fail;
      return { outcome: 'outage', reason: `preparing: ${reasonOf(error)}`, retries };
    }
    try {
      const body = Buffer.from(rows.join(''));
      const answer = await this.#ask({ method: 'POST', path: this.#bulkPath, body }, signal);
      const attempt = judgeBulk(answer);
      // Somebody may have removed what was prepared.
      if (attempt.outcome !== 'sent' || attempt.refusedParts) this.#isPrepared = false;
      return attempt;
    } catch (error) {
      return { outcome: 'outage', reason: reasonOf(error) };
    }
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    const { index_policy: policy, index_template: template, geoip } = this.#config;
    const distribution = await this.#distribution(signal);
    if (policy.enabled && policy.managed) await this.#putPolicy(distribution, signal);
    if (geoip.enabled && geoip.managed)
      await this.#put(`/_ingest/pipeline/${geoip.pipeline_name}`, geoipPipeline, signal);
    if (template.managed)
      await this.#put(`/_index_template/${template.name}`, indexTemplate(this.#config, distribution), signal);
  }

  async #distribution(signal: AbortSignal): Promise<Distribution> {
    const { autodetect_enabled: asks, override } = this.#config.version;
    if (!asks && override) return suitable(override.name, override.version);
    const answer = await this.#ask({ method: 'GET', path: '/' }, signal);
    if (answer.status !== 200) throw new Error(`the server answered ${answer.status}`);
    const { version } = parse(answer) as { version?: { number?: unknown; distribution?: unknown } };
    return suitable(
      version?.distribution === 'opensearch' ? 'opensearch' : 'elastic',
      String(version?.number),
    );
  }

  /** Writes the policy when it is not there or says something else. */
  async #putPolicy(distribution: Distribution, signal: AbortSignal): Promise<void> {
    const { index_policy: policy, index_template: template } = this.#config;
    const path = policyPath(distribution, policy);
    const ours = distribution === 'elastic' ? ilmPolicy(policy) : ismPolicy(policy, indexPattern(template));
    const answer = await this.#ask({ method: 'GET', path }, signal);
    if (answer.status === 404) {
      await this.#put(path, ours, signal);
      return;
    }
    if (answer.status !== 200) throw new Error(`the server answered ${answer.status} about its policy`);
    const found = parse(answer) as Readonly<Record<string, unknown>>;
    const theirs = distribution === 'elastic' ? found[policy.name] : found;
    if (saysTheSame(ours, theirs)) return;
    // OpenSearch changes a policy only for those who know its present state.
    const state =
      distribution === 'elastic'
        ? ''
        : `?if_seq_no=${Number(found['_seq_no'])}&if_primary_term=${Number(found['_primary_term'])}`;
    await this.#put(`${path}${state}`, ours, signal);
    this.#log.info('the index policy was changed', { policy: policy.name });
  }

  async #put(path: string, value: object, signal: AbortSignal): Promise<void> {
    const body = Buffer.from(JSON.stringify(value));
    const { status } = await this.#ask({ method: 'PUT', path, body }, signal);
    // 409: another process was faster.
    if ((status < 200 || status > 299) && status !== 409)
      throw new Error(`the server answered ${status} to ${path.replace(/\?.*/, '')}`);
  }

  #ask(
    request: Pick<WebRequest, 'method' | 'path'> & { readonly body?: Buffer },
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const mimeType = request.path.startsWith('/_bulk') ? 'application/x-ndjson' : 'application/json';
    const timeoutMs = this.#config.timeout * 1000;
    return this.#servers.request({ ...request, ...(request.body && { mimeType }), timeoutMs }, signal);
  }
}

function parse({ body }: HttpAnswer): unknown {
  const value: unknown = JSON.parse(body.toString());
  return typeof value === 'object' && value !== null ? value : {};
}

function suitable(distribution: Distribution, version: string): Distribution {
  const [major = Number.NaN, minor = 0] = version.split('.').map(Number);
  if (Number.isNaN(major)) throw new Error('the server does not say its version');
  const [oldestMajor, oldestMinor] = oldestElastic;
  if (distribution === 'elastic' && (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)))
    throw new UnsuitableError(`Elasticsearch ${version} is too old: 7.8 is the oldest that can be filled`);
  return distribution;
}

interface BulkItem {
  readonly index?: { readonly status?: number; readonly error?: { readonly type?: string } };
}

/** What the answer to a bulk request says. Only types of errors are told: reasons hold values of rows. */
function judgeBulk(answer: HttpAnswer): Attempt {
  const attempt = judgeStatus(answer.status);
  if (attempt.outcome !== 'sent') return attempt;
  let items: readonly BulkItem[];
  try {
    const value = parse(answer) as { errors?: unknown; items?: readonly BulkItem[] };
    if (value.errors !== true) return attempt;
    items = value.items ?? [];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { outcome: 'outage', reason: 'the server answered something that is no JSON' };
  }
  const failed = items.filter(({ index }) => (index?.status ?? 200) >= 400);
  const reason = [...new Set(failed.map(({ index }) => index?.error?.type ?? String(index?.status)))]
    .slice(0, 5)
    .join(', ');
  // Those that arrived do not arrive again: they have their ids.
  if (failed.some(({ index }) => judgeStatus(index?.status ?? 0).outcome === 'outage'))
    return { outcome: 'outage', reason };
  return { outcome: 'sent', refusedParts: failed.length, reason };
}
