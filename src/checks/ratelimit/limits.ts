import { createHash } from 'node:crypto';
import type { ConfigError, ConfigPath, Selector, Selectors, Task } from '../../core/index.ts';
import { encodeBase32 } from '../../lib/index.ts';
import type { Keyword } from './keywords.ts';
import type { AnyRateOptions, BucketOptions, RatelimitOptions, RateOptions } from './options.ts';
import { luaNumber, parseAmount, parseRateText, type RateText } from './rate-text.ts';

/** Multipliers of a bucket that widens with ham and narrows with spam; undefined: it does neither. */
interface Dynamics {
  readonly hamRate: number;
  readonly spamRate: number;
  readonly hamBurst: number;
  readonly spamBurst: number;
  readonly maxRate: number;
  readonly maxBurst: number;
}

/** One bucket of a limit, compiled. */
export interface Bucket extends RateText {
  readonly counts: 'recipients' | 'messages';
  readonly symbol: string | undefined;
  readonly message: string | undefined;
  readonly skipSoftReject: boolean;
  readonly dynamics: Dynamics | undefined;
  /** The most units it can ever hold. */
  readonly capacity: number;
  /** What stands before the values in the text of a key. */
  readonly keyStart: string;
}

/** A limit, compiled: what it counts by, and its buckets. */
export interface Limit {
  readonly name: string;
  readonly buckets: readonly Bucket[];
  /** Values to count by, each with a bucket of its own; none: the limit does not concern the message. */
  values(task: Task): readonly string[];
}

export interface LimitCompiler {
  readonly options: RatelimitOptions;
  readonly keywords: ReadonlyMap<string, Keyword>;
  readonly selectors: Selectors;
  /** Path of `rates` from the root, for selectors. */
  readonly path: (...inside: (string | number)[]) => ConfigPath;
  readonly error: (path: ConfigPath, message: string, expected?: string) => ConfigError;
  readonly warn: (path: ConfigPath, message: string) => void;
}

/** @throws ConfigError for texts that are no rate, names of unknown words, selectors that do not compile */
export function compileLimits(
  rates: Readonly<Record<string, AnyRateOptions>>,
  compiler: LimitCompiler,
): readonly Limit[] {
  return Object.entries(rates).flatMap(([name, value]) => {
    const options = modern(name, value, compiler);
    if (!options.enabled) return [];
    const values =
      options.selector === undefined ? byKeywords(name, compiler) : bySelector(name, options, compiler);
    const buckets = options.bucket.map((bucket, index) =>
      compileBucket(name, index, bucket, options, compiler),
    );
    warnOfSharedKeys(name, buckets, compiler);
    return [{ name, buckets, values }];
  });
}

/** Older forms as the present one, with a warning. */
function modern(name: string, value: AnyRateOptions, { warn }: LimitCompiler): RateOptions {
  if (typeof value === 'string') {
    warn(['rates', name], 'short form: read as a burst of the first number; write `bucket { burst, rate }`');
    return { enabled: true, bucket: [value] };
  }
  if (Array.isArray(value)) {
    const [burst, rate] = value;
    warn(['rates', name], 'old form: read as burst and rate a second; write `bucket { burst, rate }`');
    return { enabled: true, bucket: [{ burst, rate }] };
  }
  return value;
}

function byKeywords(name: string, { keywords, error }: LimitCompiler): Limit['values'] {
  const parts = name.split('_').map((word) => {
    const keyword = keywords.get(word);
    if (!keyword)
      throw error(
        ['rates', name],
        `the name of a limit without selector is made of keywords, and "${word}" is none`,
        `${[...keywords.keys()].join(', ')}, joined by _, or a selector`,
      );
    return keyword;
  });
  return (task) => {
    const values: string[] = [];
    for (const part of parts) {
      const value = part(task);
      if (value === undefined) return [];
      values.push(value);
    }
    return [values.join(':')];
  };
}

function bySelector(name: string, options: RateOptions, { selectors, path }: LimitCompiler): Limit['values'] {
  const compiled: Selector = selectors.compile(options.selector ?? '', {
    path: path('rates', name, 'selector'),
  });
  return (task) => [...new Set(compiled.values(task) ?? [])];
}

function compileBucket(
  name: string,
  index: number,
  written: string | BucketOptions,
  rate: RateOptions,
  { options, error }: LimitCompiler,
): Bucket {
  const at = ['rates', name, 'bucket', index];
  const size = typeof written === 'string' ? parseRateText(written) : readSize(written, at, error);
  if (!size) throw error(at, `"${String(written)}" is no limit`, rateWords);
  const own: Partial<BucketOptions> = typeof written === 'string' ? {} : written;
  const pick = <Key extends keyof BucketOptions & keyof RateOptions>(key: Key) => own[key] ?? rate[key];
  const dynamics = compileDynamics(pick, options);
  const number = Math.floor(100_000 / size.burst + 0.5);
  return {
    ...size,
    counts: pick('skip_recipients') ? 'messages' : 'recipients',
    symbol: pick('symbol'),
    message: pick('message'),
    skipSoftReject: pick('skip_soft_reject') ?? false,
    dynamics,
    capacity: size.burst * (dynamics ? dynamics.maxBurst * Math.max(1, dynamics.hamBurst) : 1),
    keyStart: rate.selector === undefined ? `${number}:` : `${number}:${luaNumber(size.ratePerSecond)}:`,
  };
}

const rateWords = 'a text such as "100 / 1h", above zero';

function readSize(
  { burst: burstText, rate: rateText }: BucketOptions,
  at: ConfigPath,
  error: LimitCompiler['error'],
): RateText {
  const burst = parseAmount(burstText);
  if (burst === undefined)
    throw error([...at, 'burst'], `"${burstText}" is no burst`, 'a number above zero, with suffix k, m or g');
  const isPlain = typeof rateText === 'number' || !rateText.includes('/');
  const ratePerSecond = isPlain ? parseAmount(rateText) : parseRateText(rateText)?.ratePerSecond;
  if (ratePerSecond === undefined)
    throw error([...at, 'rate'], `"${rateText}" is no rate`, `a number a second, or ${rateWords}`);
  return { burst, ratePerSecond };
}

const factorNames = [
  'ham_factor_rate',
  'spam_factor_rate',
  'ham_factor_burst',
  'spam_factor_burst',
  'max_rate_mult',
  'max_bucket_mult',
] as const;

function compileDynamics(
  own: (name: (typeof factorNames)[number]) => number | undefined,
  options: RatelimitOptions,
): Dynamics | undefined {
  if (!options.dynamic_rate_limit && factorNames.every((name) => own(name) === undefined)) return undefined;
  const pick = (name: (typeof factorNames)[number]): number => own(name) ?? options[name];
  return {
    hamRate: pick('ham_factor_rate'),
    spamRate: pick('spam_factor_rate'),
    hamBurst: pick('ham_factor_burst'),
    spamBurst: pick('spam_factor_burst'),
    maxRate: pick('max_rate_mult'),
    maxBurst: pick('max_bucket_mult'),
  };
}

/** Keys hold the burst and, with a selector, the rate: what has both equal is one counter, as in the original. */
function warnOfSharedKeys(name: string, buckets: readonly Bucket[], { warn }: LimitCompiler): void {
  for (const [index, bucket] of buckets.entries())
    if (buckets.findIndex(({ keyStart }) => keyStart === bucket.keyStart) < index)
      warn(['rates', name, 'bucket', index], 'shares its counter with another bucket; give it another burst');
}

/** Characters of a hash that stand in a key. */
const hashLength = 24;

/** Key of a bucket in the store: the prefix and a part of a digest, as Rspamd writes it. */
export function bucketKey(prefix: string, bucket: Bucket, value: string): string {
  const text = Buffer.from(bucket.keyStart + value);
  const digest = encodeBase32(createHash('blake2b512').update(text).digest());
  return prefix + digest.slice(0, Math.min(hashLength, text.length));
}
