import type { Command } from 'commander';
import {
  type ControllerOptions,
  type ControllerReply,
  callController,
  failureOf,
  withControllerOptions,
} from './controller-client.ts';
import { mailFiles, mailFilesText } from './mail-files.ts';

interface LearnOptions extends ControllerOptions {
  readonly bulk?: boolean;
}

/** What became of a message, in the order in which it is summed up. */
const outcomes = ['learned', 'moved', 'forgotten', 'known already', 'too short', 'not known'] as const;
type Outcome = (typeof outcomes)[number];

const progressEvery = 100;

function outcomeOf(path: string, reply: ControllerReply): Outcome {
  const { status, text } = reply;
  if (status === 208) return 'known already';
  if (status === 204) return 'too short';
  if (status === 404 && path === '/learnforget' && text.includes('was not learned')) return 'not known';
  if (status !== 200) throw failureOf(reply);
  if (path === '/learnforget') return 'forgotten';
  return text.includes('"moved"') ? 'moved' : 'learned';
}

function summaryOf(counts: ReadonlyMap<Outcome, number>): string {
  const words = outcomes.flatMap((outcome) =>
    counts.has(outcome) ? [`${outcome} ${counts.get(outcome)}`] : [],
  );
  return words.length > 0 ? words.join(', ') : 'no messages';
}

async function teach(path: string, files: readonly string[], options: LearnOptions): Promise<void> {
  const counts = new Map<Outcome, number>();
  const headers = options.bulk ? { 'Learn-Type': 'bulk' } : {};
  let seen = 0;
  for (const payload of mailFiles(files)) {
    const outcome = outcomeOf(path, await callController(options, { path, headers, payload }));
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    seen++;
    if (seen % progressEvery === 0) process.stderr.write(`${seen} messages: ${summaryOf(counts)}\n`);
  }
  process.stdout.write(`${summaryOf(counts)}\n`);
}

/** `postern learn` */
export function addLearnCommands(program: Command): void {
  const learn = program
    .command('learn')
    .summary('teach a running server what is spam and what is not')
    .description(
      'Teaches the classifier (Bayes) of a running server. It judges once 200 messages of each class were learned.',
    );
  for (const [className, what] of [
    ['spam', 'learn messages as spam'],
    ['ham', 'learn messages as wanted mail'],
  ] as const)
    withControllerOptions(learn.command(className))
      .summary(what)
      .description(
        'Each message counts once; one that was learned as the other class is moved. What the classifier is certain of already is passed over.',
      )
      .argument('[file...]', mailFilesText)
      .option('--bulk', 'learn also what the classifier is certain of already')
      .action((files: readonly string[], options: LearnOptions) =>
        teach(`/learn${className}`, files, options),
      );
  withControllerOptions(learn.command('forget'))
    .summary('take back what was learned of messages')
    .description('Takes messages out of the class that they were learned as.')
    .argument('[file...]', mailFilesText)
    .action((files: readonly string[], options: LearnOptions) => teach('/learnforget', files, options));
}
