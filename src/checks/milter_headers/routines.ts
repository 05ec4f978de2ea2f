import { type Hit, isSpamAction } from '../../core/index.ts';
import { authenticationResults } from './authentication-results.ts';
import { type Routine, type RoutineContext, removeOld, write } from './write.ts';

const maxLineLength = 76;

/** Breaks a value after `;` or `,` so that lines stay short (RFC 5322 2.2.3); continuation lines begin with a tab. */
export function fold(name: string, value: string): string {
  const pieces = value.split(/(?<=;) /);
  let line = '';
  let used = name.length + 2;
  const lines: string[] = [];
  for (const piece of pieces) {
    if (line !== '' && used + piece.length + 1 > maxLineLength) {
      lines.push(line);
      line = piece;
      used = 8 + piece.length;
    } else {
      line = line === '' ? piece : `${line} ${piece}`;
      used += piece.length + 1;
    }
  }
  lines.push(line);
  return lines.join('\n\t');
}

function bySize(a: Hit, b: Hit): number {
  return Math.abs(b.score) - Math.abs(a.score) || a.name.localeCompare(b.name, 'en');
}

/** Option texts come from messages: nothing that would end a header line or a bracket. */
function cleanOption(option: string): string {
  return option.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/[[\];]/g, ' ');
}

function spamdResult(context: RoutineContext): void {
  const { task, settings } = context;
  const options = settings.routines['x-spamd-result'];
  const { result } = task;
  const verdict = result.currentAction() === 'reject' ? 'True' : 'False';
  const required = result.requiredScore();
  const hits = [...result.hits].sort(
    options.sort_by === 'name' ? (a, b) => a.name.localeCompare(b.name, 'en') : bySize,
  );
  const parts = [
    `default: ${verdict} [${result.currentScore().toFixed(2)} / ${(required ?? 0).toFixed(2)}]`,
    ...hits.map((hit) => `${hit.name}(${hit.score.toFixed(2)})[${hit.options.map(cleanOption).join(',')}]`),
  ];
  write(context, options, fold(options.header, parts.join('; ')));
  if (result.preResults.length > 0) preResult(context);
}

function preResult(context: RoutineContext): void {
  const [forced] = context.task.result.preResults;
  if (!forced) return;
  const options = context.settings.routines['x-rspamd-pre-result'];
  const text = `action=${forced.action}; module=${forced.module}; ${cleanOption(forced.message)}`;
  write(context, options, fold(options.header, text));
}

function spamBar(context: RoutineContext): void {
  const options = context.settings.routines['x-spamd-bar'];
  const { score } = context.task.result;
  const size = Math.min(50, Math.floor(Math.abs(score)));
  const character = score > 0 ? options.positive : options.negative;
  write(context, options, size === 0 ? options.neutral : character.repeat(size));
}

function spamLevel(context: RoutineContext): void {
  const options = context.settings.routines['x-spam-level'];
  const size = Math.min(100, Math.floor(context.task.result.currentScore()));
  if (size >= 1) write(context, options, options.char.repeat(size));
  else removeOld(context.task, options.header, options.remove);
}

function spamStatus(context: RoutineContext): void {
  const { task, settings } = context;
  const isSpam = isSpamAction(task.result.currentAction());
  write(
    context,
    settings.routines['x-spam-status'],
    `${isSpam ? 'Yes' : 'No'}, score=${task.result.currentScore().toFixed(2)}`,
  );
}

function virus(context: RoutineContext): void {
  const { task, settings } = context;
  const options = settings.routines['x-virus'];
  const found = options.symbols.flatMap((name) => task.result.get(name)?.options ?? []);
  const isInfected = options.symbols.some((name) => task.result.has(name));
  const isFailed = options.symbols_fail.some((name) => task.result.has(name));
  if (isInfected) write(context, options, options.status_infected ?? found.map(cleanOption).join(','));
  else if (isFailed && options.status_fail !== undefined) write(context, options, options.status_fail);
  else if (options.status_clean !== undefined) write(context, options, options.status_clean);
}

function spamHeader(context: RoutineContext): void {
  const options = context.settings.routines['spam-header'];
  const action = context.task.result.currentAction();
  if (action !== 'no action' && action !== 'greylist') write(context, options, options.value);
}

function fromVariable(variable: string, routine: 'stat-signature' | 'fuzzy-hashes'): Routine {
  return (context) => {
    const value = context.task.variables.get(variable);
    if (value !== undefined) write(context, context.settings.routines[routine], String(value));
  };
}

/** What each routine does, by its name. */
export const routines: Readonly<Record<string, Routine>> = {
  'x-spamd-result': spamdResult,
  'x-rspamd-server': (context) => {
    const options = context.settings.routines['x-rspamd-server'];
    write(context, options, options.hostname ?? context.hostName);
  },
  'x-rspamd-queue-id': (context) => {
    const { queueId } = context.task.envelope;
    if (queueId !== undefined) write(context, context.settings.routines['x-rspamd-queue-id'], queueId);
  },
  'x-rspamd-pre-result': preResult,
  'x-rspamd-action': (context) => {
    write(context, context.settings.routines['x-rspamd-action'], context.task.result.currentAction());
  },
  'x-spam-level': spamLevel,
  'x-spamd-bar': spamBar,
  'x-spam-status': spamStatus,
  'x-virus': virus,
  'spam-header': spamHeader,
  'authentication-results': authenticationResults,
  'stat-signature': fromVariable('stat_signature', 'stat-signature'),
  'fuzzy-hashes': fromVariable('fuzzy_hashes', 'fuzzy-hashes'),
  'remove-headers': ({ task, settings }) => {
    for (const [name, instances] of Object.entries(settings.routines['remove-headers'].headers)) {
      task.milter.removeHeaders.push({ name, instances: Array.isArray(instances) ? instances : [instances] });
    }
  },
  'add-headers': (context) => {
    const options = context.settings.routines['add-headers'];
    for (const [header, value] of Object.entries(options.headers))
      write(context, { ...options, header }, value);
  },
  'remove-header': ({ task, settings }) => {
    const name = settings.routines['remove-header'].remove;
    if (name !== undefined) task.milter.removeHeaders.push({ name, instances: [0] });
  },
  'remove-spam-flag': ({ task, settings }) => {
    task.milter.removeHeaders.push({ name: settings.routines['remove-spam-flag'].header, instances: [0] });
  },
};
