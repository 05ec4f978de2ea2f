import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseSettings } from '../options.ts';
import { parseTarget, type TargetSpec } from '../targets/index.ts';

/** What a run over labelled mail is asked to do. */
export interface AccuracyOptions {
  readonly target: TargetSpec;
  readonly proto: 'http' | 'spamc';
  /** Folder of labelled mail. */
  readonly set: string;
  /** So many spam and so many ham are taught before the evaluation; undefined: none. */
  readonly train?: number;
  /** Folder of the labelled mail that is taught. */
  readonly trainSet: string;
  /** Teach one half of {@link set} and judge the other, then the other way round. */
  readonly cross?: boolean;
  /** Other draws and halves. */
  readonly seed: number;
  /** The first so many messages; undefined: all. */
  readonly limit?: number;
  readonly concurrency: number;
  readonly settings?: string;
  readonly ip: string;
  readonly json?: string;
  /** File that gets number, label and score of each message. */
  readonly scores?: string;
}

const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

function target(text: string): TargetSpec {
  try {
    return parseTarget(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function countOf(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1 up');
  return value;
}

/** Reads the command line; a wrong option ends the process with a message and exit code 2. */
export function parseAccuracyOptions(argv: readonly string[]): AccuracyOptions {
  const command = new Command('accuracy')
    .description('Say how well a scan server tells spam from ham, over labelled mail.')
    .addOption(
      new Option(
        '--target <target>',
        'postern, postern@DIR, rspamd or spamassassin (started for the run, with a DNS server that knows no name), ' +
          'or NAME=host:port[,controller=PORT] for a server that runs: give it a resolver that asks nobody outside',
      )
        .argParser(target)
        .default({ kind: 'postern', name: 'postern', checkout: undefined }, 'postern'),
    )
    .addOption(
      new Option('--proto <protocol>', 'spamc: for spamd').choices(['http', 'spamc']).default('http'),
    )
    .option(
      '--set <dir>',
      'folder of labelled mail',
      resolve(projectFolder, '../shared/data/content/content-dev'),
    )
    .option('--train <n>', 'teach it so many spam and so many ham of --train-set first', countOf)
    .option(
      '--train-set <dir>',
      'folder of the labelled mail that is taught',
      resolve(projectFolder, '../shared/data/outbreak/train'),
    )
    .addOption(
      new Option(
        '--cross',
        'teach it one half of --set and judge the other, then the other way round',
      ).conflicts('train'),
    )
    .option('--seed <n>', 'other messages to teach, other halves', countOf, 1)
    .option('--limit <n>', 'only the first so many messages', countOf)
    .option('--concurrency <n>', 'messages under way at a time', countOf, 4)
    .option('--settings <json>', 'request header Settings', parseSettings)
    .option('--ip <address>', 'address of the submitting client', '198.51.100.7')
    .option('--json <file>', 'write all figures there')
    .option('--scores <file>', 'write number, label and score of each message there, one a line')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  command.parse(argv);
  return command.opts<AccuracyOptions>();
}
