import {
  type CheckContext,
  type Clock,
  type DnsStatus,
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  priorities,
  type Task,
} from '../../core/index.ts';
import { type IpAddress, reversedIp } from '../../lib/index.ts';
import { AddressDatabase } from './database.ts';
import { type NetworkInfo, parseTxtInfo } from './network-info.ts';
import { type AsnOptions, asnOptions } from './options.ts';

/** Nothing else runs while the zone is waited for: no longer than this. */
const maxTimeMs = 3_000;
const refreshMs = 60_000;

export const asn = defineCheck({
  name: 'asn',
  summary: 'Finds out whose network the client is in: number of its autonomous system, network, country.',
  details: [
    'Others read the variables `asn`, `ipnet` and `country`: types and keywords of `multimap` and `ratelimit`,',
    'selectors, settings. The zones of `rspamd` are asked for each message, with the address of the client; files of',
    '`maxmind` need nobody. What a source does not know leaves the variable unset.',
  ].join('\n'),
  group: 'asn',
  stage: 'prefilter',
  priority: priorities.high,
  direction: 'both',
  needs: [],
  config: asnOptions,
  symbols: {},
  create(context) {
    const { config, configError } = context;
    if (config.provider_type === 'maxmind' && !config.database)
      throw configError(['database'], 'provider_type = "maxmind" needs files', 'path of an .mmdb file');
    if (config.provider_type === 'rspamd' && config.database)
      throw configError(['database'], 'files are read only with provider_type = "maxmind"');
    const found = context.config.symbol
      ? context.declare(context.config.symbol, { description: "The client's network and its country" })
      : undefined;
    const failed = context.declare(config.symbol ? `${config.symbol}_FAIL` : 'ASN_FAIL', {
      description: "The client's network could not be looked up",
    });
    const lookUp = config.database ? fileLookup(context, config.database) : zoneLookup(context);
    const isSkipped = skipTest(context);
    const lookups = context.metrics.counter('postern_asn_lookups_total', 'Look-ups of networks', ['result']);
    return {
      name: 'ASN_CHECK',
      waits: config.database === undefined,
      run: (task, hit) => {
        const { clientIp } = task.envelope;
        if (!clientIp || isSkipped(task)) return undefined;
        const tell = (outcome: Lookup): void => {
          lookups.add(1, {
            result: outcome === undefined ? 'unknown' : 'failure' in outcome ? 'failed' : 'found',
          });
          report(outcome, task, hit, found, failed);
        };
        const outcome = lookUp(clientIp, task);
        return outcome instanceof Promise ? outcome.then(tell) : tell(outcome);
      },
    };
  },
});

/** What was found; `undefined`: nothing is known; `failure`: nobody could be asked. */
type Lookup = NetworkInfo | { readonly failure: string } | undefined;
type LookUp = (ip: IpAddress, task: Task) => Lookup | Promise<Lookup>;
type Context = CheckContext<AsnOptions, never>;

/** Local addresses as in `options`, unless the section has words of its own; logins only by the section's. */
function skipTest({ config, options }: Context): (task: Task) => boolean {
  const ownCounts = config.check_local !== undefined || config.check_authed !== undefined;
  const checksLocal = (ownCounts ? config.check_local : options.checkLocal) ?? false;
  const checksAuthed = config.check_authed ?? true;
  return ({ direction }) =>
    (direction.isLocal && !checksLocal) || (direction.isAuthenticated && !checksAuthed);
}

/** Questions in a row without an answer after which a zone is left alone for a while: mail waits for each of them. */
const maxSilent = 3;
const pauseMs = 60_000;

/** Leaves a zone alone that does not answer, and asks again by and by. */
class Pause {
  readonly #clock: Clock;
  #silent = 0;
  #untilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isOn(): boolean {
    return this.#clock.now() < this.#untilMs;
  }

  report(status: DnsStatus): void {
    this.#silent = status === 'timeout' || status === 'network' ? this.#silent + 1 : 0;
    // One more silence after a pause is the next pause.
    if (this.#silent >= maxSilent) this.#untilMs = this.#clock.now() + pauseMs;
  }
}

function zoneLookup({ config, dns, options, clock }: Context): LookUp {
  const { ip4, ip6 } = config.provider_info;
  const timeoutMs = Math.min(maxTimeMs, (options.taskTimeoutMs ?? Number.POSITIVE_INFINITY) / 2);
  const pauses = { 4: new Pause(clock), 6: new Pause(clock) };
  return async (ip, { signal }) => {
    const zone = ip.family === 4 ? ip4 : ip6;
    const pause = pauses[ip.family];
    if (pause.isOn) return { failure: `${zone}:paused` };
    const name = `${reversedIp(ip)}.${zone}`;
    const { status, records } = await dns.resolve(name, 'txt', { signal, timeoutMs });
    if (!signal.aborted) pause.report(status);
    if (status === 'nxdomain' || status === 'nodata') return undefined;
    return status === 'ok' && records[0] !== undefined
      ? parseTxtInfo(records[0])
      : { failure: `${name}:${status}` };
  };
}

function fileLookup(context: Context, paths: readonly string[]): LookUp {
  const databases = paths.map((path) => new AddressDatabase(path, context.log));
  for (const [index, database] of databases.entries()) {
    const problem = database.loadNow();
    if (problem !== undefined) context.warn(['database', index], `${database.path} is not read: ${problem}`);
  }
  const timer = setInterval(() => {
    for (const database of databases) void database.refresh();
  }, refreshMs);
  timer.unref();
  context.onClose(() => clearInterval(timer));
  return (ip) => {
    let merged: NetworkInfo | undefined;
    try {
      for (const database of databases) {
        const found = database.find(ip);
        if (!found) continue;
        merged = {
          asn: merged?.asn ?? found.asn,
          network:
            merged?.asn === undefined && found.asn !== undefined
              ? found.network
              : (merged?.network ?? found.network),
          country: merged?.country ?? found.country,
        };
      }
    } catch (error) {
      return { failure: error instanceof Error ? 'damaged database' : String(error) };
    }
    return merged;
  };
}

function report(
  outcome: Lookup,
  task: Task,
  hit: InsertHit<never>,
  found: DynamicSymbol | undefined,
  failed: DynamicSymbol,
): void {
  if (!outcome) return;
  if ('failure' in outcome) {
    hit(failed, 0, outcome.failure);
    return;
  }
  const { asn: number, network, country } = outcome;
  const texts: string[] = [];
  if (number !== undefined) {
    task.variables.set('asn', number);
    texts.push(`asn:${number}`);
  }
  if (network !== undefined) {
    task.variables.set('ipnet', network);
    texts.push(`ipnet:${network}`);
  }
  if (country !== undefined) {
    task.variables.set('country', country);
    texts.push(`country:${country}`);
  }
  if (found && texts.length > 0) hit(found, 0, texts.join(', '));
}
