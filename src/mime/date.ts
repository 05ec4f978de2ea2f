const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Obsolete zones of RFC 5322 4.3 in hours from UT. Others, military ones included, count as UT. */
const zoneHours: ReadonlyMap<string, number> = new Map([
  ['EST', -5],
  ['EDT', -4],
  ['CST', -6],
  ['CDT', -5],
  ['MST', -7],
  ['MDT', -6],
  ['PST', -8],
  ['PDT', -7],
]);

const maxLength = 128;
const pattern =
  /^(?:[a-z]{2,9}\.?,? ?)?(\d{1,2})[ -]([a-z]{3})[a-z]{0,6}[ -](\d{2,4}) (\d{1,2}) ?: ?(\d{2})(?: ?: ?(\d{2}))?(?:\.\d+)?(?: ?([+-])(\d{2})(\d{2})| ([a-z]{1,5}))?/i;

/**
 * Reads a date of a mail header (RFC 5322 3.3 and the obsolete forms of 4.3: names of zones, years of two and three
 * digits, missing seconds, comments).
 *
 * @param text unfolded field value
 * @returns undefined when it is no date, or one that does not exist (31 Feb)
 */
export function parseMailDate(text: string): Date | undefined {
  const plain = text
    .slice(0, maxLength)
    .replace(/\([^()]*\)?/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const match = pattern.exec(plain);
  if (!match) return undefined;
  const day = Number(match[1]);
  const month = months.indexOf(match[2]!.toLowerCase());
  const year = fullYear(match[3]!);
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? 0);
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  if (year < 100) return undefined;
  if (day < 1 || day > new Date(Date.UTC(year, month + 1, 0)).getUTCDate()) return undefined;
  let offsetMinutes = 0;
  if (match[7]) {
    offsetMinutes = Number(match[8]) * 60 + Number(match[9]);
    if (match[7] === '-') offsetMinutes = -offsetMinutes;
  } else if (match[10]) offsetMinutes = (zoneHours.get(match[10].toUpperCase()) ?? 0) * 60;
  return new Date(date.getTime() - offsetMinutes * 60_000);
}

/** RFC 5322 4.3: two digits below 50 are of this century, three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}
