import type {
  AuditEntry,
  BucketReport,
  ExceptionReport,
  LimitException,
  LimitScopeState,
  LimitState,
} from '../core/index.ts';

/** What `GET /limits` answers. */
export interface LimitsAnswer {
  readonly subject: string;
  readonly domain: string | null;
  readonly tenant: string | null;
  readonly scopes: readonly LimitScopeState[];
  readonly buckets?: readonly BucketReport[];
  readonly exceptions?: readonly ExceptionReport[];
}

/** `2026-11-22 16:30:05 UTC` */
export function formatMoment(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function describeException({ owner, reason, untilMs, id }: LimitException): string {
  return `exception until ${formatMoment(untilMs)} by ${owner}: ${reason} (${id})`;
}

function describeWindow({ counts, window, used, limit, source, exception }: LimitState): string {
  const name = `${counts} per ${window}`.padEnd(21);
  const room = limit === null ? 'unlimited' : String(limit);
  const from = exception ? describeException(exception) : source === null ? 'no level limits it' : source;
  return `  ${name} ${String(used).padStart(9)} ${room.padStart(9)}  ${from}`;
}

function describeScope({ subject, role, windows }: LimitScopeState): readonly string[] {
  const title = role === 'pool' ? `${subject}, all together` : subject;
  return [
    title,
    `  ${''.padEnd(21)} ${'used'.padStart(9)} ${'limit'.padStart(9)}  set by`,
    ...windows.map(describeWindow),
  ];
}

/** At most two decimals. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function describeBuckets(buckets: readonly BucketReport[]): readonly string[] {
  return buckets.map(
    ({ limit, level, burst, ratePerSecond, counts }) =>
      `  ${limit}: ${short(level)} of ${short(burst)} ${counts}, drains ${short(ratePerSecond * 3600)} per hour`,
  );
}

function amountsOf({ limits }: ExceptionReport): string {
  return limits
    .map(({ counts, window, limit }) => `${counts} ${limit === null ? 'unlimited' : limit}/${window}`)
    .join(', ');
}

export function describeExceptionReport(exception: ExceptionReport): string {
  return `${exception.subject}: ${amountsOf(exception)}; ${describeException(exception)}`;
}

/** The answer for people. */
export function describeLimits({ domain, tenant, scopes, buckets, exceptions }: LimitsAnswer): string {
  const lines: string[] = [];
  const begin = (): void => {
    if (lines.length > 0) lines.push('');
  };
  if (domain !== null) lines.push(`domain ${domain}`);
  if (tenant !== null) lines.push(`tenant ${tenant}`);
  for (const scope of scopes) {
    begin();
    lines.push(...describeScope(scope));
  }
  if (buckets && buckets.length > 0) {
    begin();
    lines.push('buckets of ratelimit', ...describeBuckets(buckets));
  }
  if (exceptions) {
    begin();
    lines.push(exceptions.length === 0 ? 'no exceptions' : 'exceptions');
    for (const exception of exceptions) lines.push(`  ${describeExceptionReport(exception)}`);
  }
  if (lines.length === 0) lines.push('nothing limits it');
  return lines.join('\n');
}

function detailsOf({ verb, untilMs, details }: AuditEntry): string {
  if (verb !== 'except') return details['id'] === undefined ? '' : ` (${String(details['id'])})`;
  const amounts = (['messages', 'recipients'] as const)
    .flatMap((counts) => (details[counts] === undefined ? [] : [`${counts} ${String(details[counts])}`]))
    .join(', ');
  return ` (${amounts} until ${formatMoment(untilMs ?? 0)}, ${String(details['id'])})`;
}

/** One line for each entry, the newest first. */
export function describeAudit(entries: readonly AuditEntry[]): string {
  if (entries.length === 0) return 'no changes';
  return entries
    .map((entry) => {
      const { timeMs, verb, subject, owner, origin, reason } = entry;
      return `${formatMoment(timeMs)}  ${verb.padEnd(6)}  ${subject}  by ${owner} from ${origin}: ${reason}${detailsOf(entry)}`;
    })
    .join('\n');
}
