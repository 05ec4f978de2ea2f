import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { type AuditEntry, type BucketReport, type ExceptionReport, PosternError } from '../core/index.ts';
import { askController, type ControllerOptions, withControllerOptions } from './controller-client.ts';
import {
  describeAudit,
  describeBuckets,
  describeExceptionReport,
  describeLimits,
  type LimitsAnswer,
} from './limits-text.ts';

interface ShowOptions extends ControllerOptions {
  readonly json: boolean;
}

interface ChangeOptions extends ControllerOptions {
  readonly owner: string;
  readonly reason: string;
}

interface ExceptOptions extends ChangeOptions {
  readonly messages?: string;
  readonly recipients?: string;
  readonly until: number;
}

interface RevokeOptions extends ChangeOptions {
  readonly id?: string;
}

interface AuditOptions extends ShowOptions {
  readonly rows: number;
}

const unitsMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** A moment: `90m`, `2h`, `3d` or `1w` from now, or a date and time of ISO 8601. */
export function parseUntil(text: string, nowMs: number): number {
  const relative = /^(\d{1,6})([mhdw])$/i.exec(text.trim());
  const untilMs = relative
    ? nowMs + Number(relative[1]) * unitsMs[relative[2]!.toLowerCase()]!
    : /^\d{4}-\d{2}-\d{2}/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (!Number.isFinite(untilMs))
    throw new InvalidArgumentError('expected 90m, 2h, 3d or 1w, or a date such as 2026-12-01T12:00Z');
  return untilMs;
}

function parseRows(text: string): number {
  const rows = Number(text);
  if (!Number.isInteger(rows) || rows < 1) throw new InvalidArgumentError('expected a number above zero');
  return rows;
}

/** Who sits at the keyboard, also behind sudo. */
function currentUser(): string {
  const behind = process.env['SUDO_USER'];
  if (behind !== undefined && behind !== '') return behind;
  try {
    return userInfo().username;
  } catch (error) {
    throw new PosternError('protocol', 'this account has no name: say who you are with --owner', {
      cause: error,
    });
  }
}

function print(value: unknown, text: string, { json }: { readonly json: boolean }): void {
  process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text}\n`);
}

async function show(subject: string | undefined, options: ShowOptions): Promise<void> {
  const answer = (await askController(options, '/limits', { subject })) as LimitsAnswer;
  print(answer, describeLimits(answer), options);
}

async function except(subject: string, options: ExceptOptions): Promise<void> {
  const { messages, recipients, until, owner, reason } = options;
  const body = { subject, messages, recipients, until_ms: until, owner, reason };
  const made = (await askController(options, '/limits/except', {}, body)) as ExceptionReport;
  process.stdout.write(`${describeExceptionReport(made)}\n`);
}

async function revoke(subject: string, options: RevokeOptions): Promise<void> {
  const { id, owner, reason } = options;
  const body = { subject, id, owner, reason };
  const { ids } = (await askController(options, '/limits/revoke', {}, body)) as {
    readonly ids: readonly string[];
  };
  process.stdout.write(`ended ${ids.join(', ')}\n`);
}

async function reset(subject: string, options: ChangeOptions): Promise<void> {
  const { owner, reason } = options;
  const answer = (await askController(options, '/limits/reset', {}, { subject, owner, reason })) as {
    readonly subject: string;
    readonly buckets: readonly BucketReport[];
  };
  const lines = [`${answer.subject} counts from zero`];
  if (answer.buckets.length > 0)
    lines.push('emptied buckets of ratelimit', ...describeBuckets(answer.buckets));
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function audit(subject: string | undefined, options: AuditOptions): Promise<void> {
  const query = { subject, rows: String(options.rows) };
  const entries = (await askController(options, '/limits/audit', query)) as readonly AuditEntry[];
  print(entries, describeAudit(entries), options);
}

function withPerson(command: Command): Command {
  return command
    .requiredOption('--reason <text>', 'why, for the audit trail')
    .option('--owner <name>', 'who answers for it; default: your login')
    .hook('preAction', (acting) => {
      if (acting.opts()['owner'] === undefined) acting.setOptionValue('owner', currentUser());
    });
}

const subjectText =
  'alice@example.com or login:alice; script:, site:, uid:, domain: or ip: with a value; for a pool @example.com, tenant:name, local or server';

/** `postern limits` */
export function addLimitsCommands(program: Command): void {
  const limits = program
    .command('limits')
    .summary('look at and change sending limits of a running server')
    .description('Sending limits of logins, scripts, domains, tenants and the server.');
  withControllerOptions(limits.command('show'))
    .summary('show what limits a sender, and how much of it is used')
    .description(
      'Shows each window with what is used, the limit in force and the level that set it; also buckets of ratelimit.\nWithout a sender: the pool of the server, and all exceptions.',
    )
    .argument('[sender]', subjectText)
    .option('--json', 'print JSON', false)
    .action(show);
  withPerson(withControllerOptions(limits.command('except')))
    .summary('change limits of a sender for a time')
    .description(
      'Changes limits of a sender or a pool for a time. What is not named stays; the newest exception holds.',
    )
    .argument('<sender>', subjectText)
    .option('--messages <amounts>', 'such as 500/h, "20/m 2k/d", 0/h or unlimited')
    .option('--recipients <amounts>', 'likewise')
    .requiredOption(
      '--until <time>',
      '90m, 2h, 3d or 1w from now, or a date such as 2026-12-01T12:00Z',
      (text) => parseUntil(text, Date.now()),
    )
    .action(except);
  withPerson(withControllerOptions(limits.command('revoke')))
    .summary('end exceptions before their time')
    .description('Ends one exception of a sender, or all of them.')
    .argument('<sender>', subjectText)
    .option('--id <id>', 'only this one, as `show` names it')
    .action(revoke);
  withPerson(withControllerOptions(limits.command('reset')))
    .summary('forget what a sender has used')
    .description(
      'Counts a sender or a pool from zero, and empties the buckets of ratelimit that count the sender.',
    )
    .argument('<sender>', subjectText)
    .action(reset);
  withControllerOptions(limits.command('audit'))
    .summary('show who changed limits, when and why')
    .description('Prints the audit trail, the newest entry first.')
    .argument('[sender]', subjectText)
    .option('--rows <number>', 'how many entries', parseRows, 100)
    .option('--json', 'print JSON', false)
    .action(audit);
}
