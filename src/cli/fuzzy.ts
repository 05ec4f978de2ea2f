import { type Command, InvalidArgumentError } from 'commander';
import { makeKeyPair } from '../fuzzy/index.ts';
import {
  askController,
  type ControllerOptions,
  type ControllerReply,
  callController,
  failureOf,
  withControllerOptions,
} from './controller-client.ts';
import { mailFiles, mailFilesText } from './mail-files.ts';

interface TeachOptions extends ControllerOptions {
  readonly flag: string;
  readonly weight?: number;
  readonly skipText?: boolean;
  readonly skipImages?: boolean;
  readonly skipAttachments?: boolean;
}

/** What became of a message, in the order in which it is summed up. */
const outcomes = ['added', 'deleted', 'nothing to compare', 'not known'] as const;
type Outcome = (typeof outcomes)[number];

function parseWeight(text: string): number {
  const weight = Number(text);
  if (!Number.isInteger(weight) || Math.abs(weight) > 1_000_000)
    throw new InvalidArgumentError('expected a whole number, up to a million');
  return weight;
}

function outcomeOf(reply: ControllerReply, done: Outcome): Outcome {
  const { status, text } = reply;
  if (status === 200) return done;
  if (status === 404 && text.includes('No content')) return 'nothing to compare';
  if (status === 404 && text.includes('was not learned')) return 'not known';
  throw failureOf(reply);
}

async function teach(
  path: '/fuzzyadd' | '/fuzzydel',
  files: readonly string[],
  options: TeachOptions,
): Promise<void> {
  const { flag, weight, skipText, skipImages, skipAttachments } = options;
  const headers = {
    ...(/^\d+$/.test(flag) ? { Flag: flag } : { Symbol: flag }),
    ...(weight !== undefined && { Weight: String(weight) }),
    ...(skipText && { 'Skip-Text': 'yes' }),
    ...(skipImages && { 'Skip-Images': 'yes' }),
    ...(skipAttachments && { 'Skip-Attachments': 'yes' }),
  };
  const counts = new Map<Outcome, number>();
  for (const payload of mailFiles(files)) {
    const reply = await callController(options, { path, headers, payload });
    const outcome = outcomeOf(reply, path === '/fuzzyadd' ? 'added' : 'deleted');
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  const words = outcomes.flatMap((outcome) =>
    counts.has(outcome) ? [`${outcome} ${counts.get(outcome)}`] : [],
  );
  process.stdout.write(`${words.length > 0 ? words.join(', ') : 'no messages'}\n`);
}

interface Storages {
  readonly storages: Readonly<
    Record<string, { readonly read_only: boolean; readonly servers: string; readonly flags: object }>
  >;
}

async function show(options: ControllerOptions): Promise<void> {
  const { storages } = (await askController(options, '/plugins/fuzzy/storages')) as Storages;
  const stat = (await askController(options, '/stat')) as {
    readonly fuzzy_hashes?: Readonly<Record<string, number>>;
  };
  for (const [name, { read_only: isReadOnly, servers, flags }] of Object.entries(storages)) {
    const where = servers === '' ? 'the store of this server' : servers;
    const count = stat.fuzzy_hashes?.[name];
    const meanings = Object.entries(flags).map(([symbol, flag]) => `${String(flag)} ${symbol}`);
    process.stdout.write(
      `${name}: ${count === undefined ? 'no answer' : `${count} hashes`} in ${where}${isReadOnly ? ', read only' : ''}\n  ${meanings.join(', ')}\n`,
    );
  }
}

/** `postern fuzzy` */
export function addFuzzyCommands(program: Command): void {
  const fuzzy = program
    .command('fuzzy')
    .summary('report messages, so that those like them are recognised')
    .description(
      'Teaches the fuzzy storages of a running server. From then on messages with like texts, images or attachments get the symbol of the flag.',
    );
  const withTeaching = (command: Command): Command =>
    withControllerOptions(command)
      .argument('[file...]', mailFilesText)
      .option('--flag <flag>', 'number of a flag, or its symbol', 'FUZZY_DENIED')
      .option('--skip-text', 'leave texts out')
      .option('--skip-images', 'leave images out')
      .option('--skip-attachments', 'leave attachments out');
  withTeaching(fuzzy.command('add'))
    .summary('report messages')
    .description('Adds the hashes of messages, or adds to their weight.')
    .option('--weight <reports>', 'how many reports this one is worth', parseWeight, 10)
    .action((files: readonly string[], options: TeachOptions) => teach('/fuzzyadd', files, options));
  withTeaching(fuzzy.command('del'))
    .summary('take reports back')
    .description('Deletes the hashes of messages under the flag.')
    .action((files: readonly string[], options: TeachOptions) => teach('/fuzzydel', files, options));
  withControllerOptions(fuzzy.command('stat'))
    .summary('show the storages')
    .description('Shows the storages that are asked, their flags, and how many hashes they hold.')
    .action(show);
  fuzzy
    .command('keypair')
    .summary('make keys for an encrypted storage')
    .description(
      'Makes a pair of keys: the whole for local.d/worker-fuzzy.inc of the storage, the public one as encryption_key for those who ask it.',
    )
    .action(() => {
      const { publicKey, privateKey } = makeKeyPair();
      process.stdout.write(`keypair {\n  pubkey = "${publicKey}";\n  privkey = "${privateKey}";\n}\n`);
    });
}
