import type { UrlView } from '../core/index.ts';
import type { Args } from './args.ts';

/** Options of `specific_urls`. */
export interface UrlChoice {
  readonly limit: number;
  readonly perDomain: number;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly isExplicit: boolean;
  readonly prefix: string | undefined;
  readonly needContent: boolean;
  readonly needEmails: boolean;
  readonly needImages: boolean;
  readonly ignoreRedirected: boolean;
}

/** Reads the options of `specific_urls`. */
export function urlChoice(args: Args, index: number): UrlChoice {
  const known = [
    'limit',
    'esld_limit',
    'exclude_flags',
    'flags',
    'flags_mode',
    'prefix',
    'need_content',
    'need_emails',
    'need_images',
    'ignore_redirected',
  ];
  const named = args.named(index);
  for (const name of Object.keys(named))
    if (!known.includes(name)) throw args.error(`unknown option "${name}"`);
  const number = (name: string, fallback: number): number => {
    const value = named[name];
    if (value === undefined) return fallback;
    const count = Number(value);
    if (typeof value !== 'string' || !Number.isInteger(count) || count < 0) throw args.error(`bad ${name}`);
    return count;
  };
  const list = (name: string): readonly string[] => {
    const value = named[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : value;
  };
  const isOn = (name: string): boolean => /^(?:true|yes|on|1)$/i.test(String(named[name] ?? ''));
  const mode = named['flags_mode'];
  if (mode !== undefined && mode !== 'explicit') throw args.error('flags_mode can only be explicit');
  const prefix = named['prefix'];
  return {
    limit: number('limit', 9999),
    perDomain: number('esld_limit', 9999),
    include: list('flags'),
    exclude: list('exclude_flags'),
    isExplicit: mode === 'explicit',
    prefix: typeof prefix === 'string' ? prefix : undefined,
    needContent: isOn('need_content'),
    needEmails: isOn('need_emails'),
    needImages: isOn('need_images'),
    ignoreRedirected: isOn('ignore_redirected'),
  };
}

/** The links that tell most: those with oddities first, one domain not crowding out the others. */
export function specificUrls(urls: readonly UrlView[], choice: UrlChoice): readonly UrlView[] {
  const perDomain = new Map<string, number>();
  const fitting = urls.filter((url) => {
    const { flags } = url;
    if (!choice.needImages && flags.includes('image')) return false;
    if (!choice.needContent && flags.includes('content')) return false;
    if (choice.ignoreRedirected && flags.includes('redirected')) return false;
    if (choice.exclude.some((flag) => flags.includes(flag))) return false;
    if (choice.include.length > 0) {
      const isFit = choice.isExplicit
        ? flags.length === choice.include.length && choice.include.every((flag) => flags.includes(flag))
        : choice.include.some((flag) => flags.includes(flag));
      if (!isFit) return false;
    }
    return true;
  });
  const weight = ({ flags }: UrlView): number =>
    (flags.includes('phished') ? 4 : 0) +
    (flags.includes('obscured') ? 2 : 0) +
    (flags.includes('redirected') ? 1 : 0);
  const chosen: UrlView[] = [];
  for (const url of fitting.toSorted((a, b) => weight(b) - weight(a))) {
    if (chosen.length >= choice.limit) break;
    const count = perDomain.get(url.domain) ?? 0;
    if (count >= choice.perDomain) continue;
    perDomain.set(url.domain, count + 1);
    chosen.push(url);
  }
  return chosen;
}
