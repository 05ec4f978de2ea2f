import { type Command, InvalidArgumentError } from 'commander';
import { checks } from '../checks/index.ts';
import { loadConfiguration } from '../config/index.ts';
import { sendDmarcReports } from '../daemon/index.ts';
import { type ConfigOptions, resolveConfigOptions, withConfigOptions } from './options.ts';

interface ReportCommandOptions extends ConfigOptions {
  readonly date: readonly string[];
  readonly dryRun: boolean;
  readonly batchSize: number;
  readonly json: boolean;
  readonly nameserver: readonly string[];
}

type Result = Awaited<ReturnType<typeof sendDmarcReports>>[number];

function collectDay(text: string, previous: readonly string[]): readonly string[] {
  const iso = text.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  const date = new Date(`${iso}T00:00:00Z`);
  if (iso === text || Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso)
    throw new InvalidArgumentError('expected a date as YYYYMMDD');
  return [...previous, text];
}

function parseBatchSize(text: string): number {
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    throw new InvalidArgumentError('expected a number from 1 to 100');
  return size;
}

const labels: Readonly<Record<Result['outcome'], string>> = {
  sent: 'sent    ',
  dry: 'due     ',
  skipped: 'skipped ',
  failed: 'FAILED  ',
};

function describe({ outcome, day, domain, messages, rows, recipients, notes }: Result): string {
  const to = recipients.length > 0 ? ` to ${recipients.join(', ')}` : '';
  const reasons = notes.length > 0 ? ` (${notes.join('; ')})` : '';
  return `${labels[outcome]}${day} ${domain}: ${count(messages, 'message')} in ${count(rows, 'row')}${to}${reasons}`;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function summary(results: readonly Result[]): string {
  const of = (outcome: Result['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  if (results.length === 0) return 'no report is due';
  const words = { sent: 'sent', dry: 'due', skipped: 'skipped', failed: 'failed' } as const;
  const parts = (['sent', 'dry', 'skipped', 'failed'] as const)
    .filter((outcome) => of(outcome) > 0)
    .map((outcome) => `${of(outcome)} ${words[outcome]}`);
  return parts.join(', ');
}

async function report(options: ReportCommandOptions): Promise<void> {
  const folders = resolveConfigOptions(options);
  const configuration = await loadConfiguration({ ...folders, checks, allowUnsupported: true });
  const results = await sendDmarcReports(configuration, {
    days: options.date,
    isDryRun: options.dryRun,
    batchSize: options.batchSize,
    nameservers: options.nameserver,
  });
  const text = options.json
    ? JSON.stringify(results, null, 2)
    : [...results.map(describe), summary(results)].join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

/** `postern dmarc report` */
export function addDmarcCommands(program: Command): void {
  const dmarc = program
    .command('dmarc')
    .summary('send DMARC reports')
    .description('Aggregate reports of DMARC.');
  withConfigOptions(dmarc.command('report'))
    .summary('send the aggregate reports that are due')
    .description(
      [
        'Sends what was collected about mail of each domain to whom its policy names (RFC 7489 7.2). A report whose every',
        'receiver was reached is removed; what fails stays for the next run, until it expires.',
      ].join('\n'),
    )
    .option(
      '--date <YYYYMMDD>',
      'only this day, in UTC (repeatable; default: every day that is over)',
      collectDay,
      [],
    )
    .option('--dry-run', 'say what would be sent, send and remove nothing', false)
    .option('--batch-size <n>', 'reports that are sent at once', parseBatchSize, 10)
    .option('--json', 'print JSON', false)
    .option(
      '--nameserver <address>',
      'server to ask instead of the configured ones (repeatable)',
      (text: string, previous: readonly string[]) => [...previous, text],
      [],
    )
    .addHelpText(
      'after',
      '\nExit code: 0 nothing failed, 1 a report failed and is kept, 69 to 78 nothing could be done.',
    )
    .action(report);
}
