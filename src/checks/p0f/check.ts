import { z } from 'zod';
import {
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  moduleRedisOptions,
  priorities,
  StoreError,
  type Task,
} from '../../core/index.ts';
import { compilePattern, type IpAddress, type Pattern, RegexpError } from '../../lib/index.ts';
import { askP0f, type Fingerprint, type QueryOutcome } from './query.ts';

const patternTexts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const config = z.strictObject({
  ...moduleRedisOptions,
  enabled: z.boolean().default(false).describe('Switches the check on'),
  socket: z.string().min(1).default('/var/run/p0f.sock').describe('Unix socket of p0f (its option `-s`)'),
  timeout: z.number().positive().default(5).describe('Seconds to wait for p0f'),
  symbol: z.string().min(1).default('P0F').describe('Symbol that tells the system of the client'),
  patterns: z
    .record(z.string(), patternTexts)
    .default({})
    .describe('Symbols with regular expressions for the system, such as `WINDOWS = "^Windows.*"`'),
  expire: z.number().positive().default(7200).describe('Seconds an answer is kept in the store'),
  prefix: z.string().default('p0f').describe('Begins the keys in the store'),
});

/** Questions at once by one process: p0f serves twenty connections. */
const maxConcurrent = 5;
const reserveMs = 1000;
const complaintEveryMs = 60_000;

interface PatternSymbol {
  readonly symbol: DynamicSymbol;
  readonly patterns: readonly Pattern[];
}

/** An answer as it was kept; undefined: nothing of ours. */
function parseStored(text: string | undefined): Fingerprint | undefined {
  if (text === undefined) return undefined;
  const [mark, system = '', link = '', distance = '', uptime = ''] = text.split('\t');
  if (mark !== '1' || system === '') return undefined;
  return { system, link, distance: Number(distance), uptimeMinutes: Number(uptime) };
}

function storedText({ system, link, distance, uptimeMinutes }: Fingerprint): string {
  return ['1', system, link, distance, uptimeMinutes].join('\t');
}

export const p0f = defineCheck({
  name: 'p0f',
  summary: 'Asks p0f which system the client runs on.',
  details: [
    'Off unless `enabled = true`. Clients in local networks are not asked about; those with a login are. Options of the symbol:',
    'the system, the type of link, the distance. The variable `os_fingerprint` holds the system for other checks.',
    'A p0f that cannot be asked gives P0F_FAIL, and no delay beyond `timeout`.',
  ].join('\n'),
  group: 'p0f',
  stage: 'prefilter',
  priority: priorities.medium,
  direction: 'both',
  needs: [],
  config,
  symbols: {
    P0F: { score: 0, description: 'System of the client as p0f sees it' },
    P0F_FAIL: { score: 0, description: 'p0f could not be asked' },
  },
  create({ config: settings, store, clock, log, options, configError, declare, rename }) {
    const symbol = rename('P0F', settings.symbol);
    const byPattern: readonly PatternSymbol[] = Object.entries(settings.patterns).map(([name, texts]) => ({
      symbol: declare(name, { score: 0, description: 'System of the client' }),
      patterns: texts.map((text) => {
        try {
          return compilePattern(text);
        } catch (error) {
          if (!(error instanceof RegexpError)) throw error;
          throw configError(['patterns', name], error.message);
        }
      }),
    }));
    const timeoutMs = Math.max(
      reserveMs,
      Math.min(settings.timeout * 1000, (options.taskTimeoutMs ?? Number.POSITIVE_INFINITY) - reserveMs),
    );
    let running = 0;
    let complainedMs = Number.NEGATIVE_INFINITY;
    const complain = (message: string, fields: Readonly<Record<string, unknown>>): void => {
      if (clock.now() - complainedMs < complaintEveryMs) return;
      complainedMs = clock.now();
      log.warn(message, fields);
    };

    /** What the store gives; undefined also when it cannot. */
    const fromStore = async <T>(task: Task, work: Promise<T>): Promise<T | undefined> => {
      try {
        return await work;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        complain('the store cannot be asked for fingerprints', { id: task.id, error: error.message });
        return undefined;
      }
    };

    const find = async (task: Task, ip: IpAddress): Promise<QueryOutcome | 'busy'> => {
      const key = `${settings.prefix}:${ip.text}`;
      const known = parseStored(await fromStore(task, store.get(key)));
      if (known) return known;
      if (running >= maxConcurrent) return 'busy';
      running++;
      try {
        const found = await askP0f(settings.socket, ip, timeoutMs, task.signal);
        if (typeof found === 'object')
          await fromStore(task, store.set(key, storedText(found), settings.expire * 1000));
        return found;
      } finally {
        running--;
      }
    };

    return {
      waits: true,
      async run(task, hit: InsertHit<'P0F_FAIL'>) {
        const { clientIp } = task.envelope;
        if (!clientIp || task.direction.isLocal) return;
        const found = await find(task, clientIp);
        if (found === 'none') {
          hit(symbol, 1, 'unknown');
          return;
        }
        if (typeof found === 'string') {
          complain('p0f cannot be asked', { socket: settings.socket, reason: found });
          hit('P0F_FAIL', 1, found);
          return;
        }
        const { system, link, distance } = found;
        task.variables.set('os_fingerprint', system);
        hit(symbol, 1, system, ...(link === '' ? [] : [`link=${link}`]), `distance=${distance}`);
        for (const { symbol: name, patterns } of byPattern)
          if (patterns.some((pattern) => pattern.test(system))) hit(name);
      },
    };
  },
});
