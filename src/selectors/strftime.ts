const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

interface Fields {
  readonly date: Date;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** From 0. */
  readonly dayOfYear: number;
  /** Minutes east of UTC. */
  readonly offset: number;
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

function read(date: Date, isUtc: boolean): Fields {
  const [year, month, day] = isUtc
    ? [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    : [date.getFullYear(), date.getMonth(), date.getDate()];
  return {
    date,
    year,
    month,
    day,
    weekday: isUtc ? date.getUTCDay() : date.getDay(),
    hour: isUtc ? date.getUTCHours() : date.getHours(),
    minute: isUtc ? date.getUTCMinutes() : date.getMinutes(),
    second: isUtc ? date.getUTCSeconds() : date.getSeconds(),
    dayOfYear: Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000),
    offset: isUtc ? 0 : -date.getTimezoneOffset(),
  };
}

/** Week of ISO 8601 and the year it belongs to. */
function isoWeek({ year, month, day }: Fields): { readonly year: number; readonly week: number } {
  const thursday = new Date(Date.UTC(year, month, day));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const isoYear = thursday.getUTCFullYear();
  const week = Math.ceil(((thursday.getTime() - Date.UTC(isoYear, 0, 1)) / 86_400_000 + 1) / 7);
  return { year: isoYear, week };
}

const conversions: Readonly<Record<string, (f: Fields) => string>> = {
  a: (f) => days[f.weekday]!.slice(0, 3),
  A: (f) => days[f.weekday]!,
  b: (f) => months[f.month]!.slice(0, 3),
  B: (f) => months[f.month]!,
  C: (f) => pad(Math.floor(f.year / 100)),
  d: (f) => pad(f.day),
  e: (f) => String(f.day).padStart(2),
  g: (f) => pad(isoWeek(f).year % 100),
  G: (f) => String(isoWeek(f).year),
  h: (f) => months[f.month]!.slice(0, 3),
  H: (f) => pad(f.hour),
  I: (f) => pad(f.hour % 12 || 12),
  j: (f) => pad(f.dayOfYear + 1, 3),
  m: (f) => pad(f.month + 1),
  M: (f) => pad(f.minute),
  n: () => '\n',
  p: (f) => (f.hour < 12 ? 'AM' : 'PM'),
  s: (f) => String(Math.floor(f.date.getTime() / 1000)),
  S: (f) => pad(f.second),
  t: () => '\t',
  u: (f) => String(f.weekday || 7),
  U: (f) => pad(Math.floor((f.dayOfYear + 7 - f.weekday) / 7)),
  V: (f) => pad(isoWeek(f).week),
  w: (f) => String(f.weekday),
  W: (f) => pad(Math.floor((f.dayOfYear + 7 - ((f.weekday + 6) % 7)) / 7)),
  y: (f) => pad(f.year % 100),
  Y: (f) => String(f.year),
  z: (f) => {
    const minutes = Math.abs(f.offset);
    return `${f.offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`;
  },
  Z: (f) => (f.offset === 0 ? 'GMT' : conversions['z']!(f)),
  '%': () => '%',
};

/** Conversions made of others (POSIX locale). */
const compounds: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

/**
 * Compiles a time format of `strftime` (POSIX, locale "C"); a leading `!` means UTC, as in Lua's `os.date`.
 * @returns undefined for an unknown conversion
 */
export function compileTimeFormat(format: string): ((date: Date) => string) | undefined {
  const isUtc = format.startsWith('!');
  const text = (isUtc ? format.slice(1) : format).replace(/%([cDFrRTxX%])/g, (whole, letter: string) =>
    letter === '%' ? whole : compounds[letter]!,
  );
  for (const [, letter] of text.matchAll(/%(.?)/gs))
    if (!letter || !(letter in conversions)) return undefined;
  return (date) => {
    const fields = read(date, isUtc);
    return text.replace(/%(.)/gs, (_, letter: string) => conversions[letter]!(fields));
  };
}
