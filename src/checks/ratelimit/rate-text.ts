/** A limit as written: how much fits at once, and how fast it drains. */
export interface RateText {
  readonly burst: number;
  readonly ratePerSecond: number;
}

const multipliers: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9 };
const periods: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A number with the suffix k, m or g (10³, 10⁶, 10⁹).
 *
 * @returns undefined for anything else, and for what is not above zero
 */
export function parseAmount(value: string | number): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)\s*([kmg]?)$/i.exec(String(value).trim());
  const amount = parts ? Number(parts[1]) * (multipliers[parts[2]!.toLowerCase()] ?? 1) : 0;
  return amount > 0 && Number.isFinite(amount) ? amount : undefined;
}

/**
 * `N / T`: N as in {@link parseAmount}, T a number of seconds, or with s, m (minutes, unlike UCL), h or d and any
 * letters after that, so that `1min` and `2hours` work.
 *
 * @returns undefined for anything else
 */
export function parseRateText(text: string): RateText | undefined {
  const parts = /^([^/]+)\/\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text.trim());
  if (!parts) return undefined;
  const [, amount = '', count = '', unit = ''] = parts;
  const burst = parseAmount(amount);
  const period = unit === '' ? 1 : (periods[unit[0]!.toLowerCase()] ?? 0);
  const seconds = Number(count) * period;
  return burst !== undefined && seconds > 0 ? { burst, ratePerSecond: burst / seconds } : undefined;
}

const units = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
] as const;

/** `100 per hour`: in the smallest unit in which it is a whole number, else one in which it is above one. */
export function formatRate(ratePerSecond: number): string {
  const isWhole = (seconds: number): boolean => {
    const count = ratePerSecond * seconds;
    return count >= 0.999_999 && Math.abs(count - Math.round(count)) < 1e-6 * count;
  };
  const [name, seconds] =
    units.find(([, length]) => isWhole(length)) ??
    units.find(([, length]) => ratePerSecond * length >= 1) ??
    units.at(-1)!;
  return `${formatCount(ratePerSecond * seconds)} per ${name}`;
}

/** At most two decimals. */
export function formatCount(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/**
 * A number as Lua 5.1 prints it (C's `%.14g`): keys that Rspamd wrote hold rates in this form.
 */
export function luaNumber(value: number): string {
  if (value === 0) return '0';
  const [mantissa = '', exponentText = '0'] = value.toExponential(13).split('e');
  const exponent = Number(exponentText);
  const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent >= -4 && exponent < 14) return trim(value.toFixed(13 - exponent));
  const sign = exponent < 0 ? '-' : '+';
  return `${trim(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}
