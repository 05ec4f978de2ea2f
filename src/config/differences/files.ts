import type { LoggingConfig } from '../../core/index.ts';
import type { OperatorOption } from '../migrate-options.ts';
import { isModuleOn, type KnownDifference, places, positionsOf, usesRedis } from './difference.ts';

function isConsole({ type }: LoggingConfig): boolean {
  return type === 'console';
}

/** Configuration, history and log. */
export const filesDifferences: readonly KnownDifference[] = [
  {
    id: 'settings-negated',
    topic: 'settings',
    rspamd: '`authenticated = no` and `local = no` are read and test nothing',
    postern: 'they are conditions',
    concerns: ({ options }) =>
      positionsOf(
        options.filter(
          ({ path, value }) =>
            /^settings\..+\.(?:authenticated|local)$/.test(path) && /^(?:no|off|false|0)$/i.test(value),
        ),
      ),
  },
  {
    id: 'settings-bare-scores',
    topic: 'settings',
    rspamd: 'with several matching rules bare `SYMBOL = score` entries of `apply` are lost',
    postern: 'kept, as `scores`',
    concerns: (context) => {
      const rules = new Set(
        context.options.flatMap(({ path }) => /^settings\.([^.]+)\./.exec(path)?.[1] ?? []),
      );
      return rules.size < 2
        ? undefined
        : places(context, (path) => /^settings\..+\.apply\.[A-Z][A-Z0-9_]*$/.test(path));
    },
  },
  {
    id: 'log-output',
    topic: 'logging',
    rspamd: 'a stock tree logs to a file',
    postern: 'standard error, until your `logging.inc` says `type = "file"`',
    concerns: (context) =>
      isConsole(context.configuration.logging) && !places(context, (path) => path === 'logging.type')
        ? (places(context, (path) => /^logging\.(?:filename|file|log_file)$/.test(path)) ?? [])
        : undefined,
  },
  {
    id: 'history',
    topic: 'history',
    rspamd: 'kept in memory, or in Redis with `history_redis`',
    postern: 'without Redis kept in SQLite below STATE, or in memory (`backend`)',
    concerns: (context) =>
      isModuleOn(context.configuration, 'history') && !usesRedis(context, 'history_redis')
        ? (places(context, (path) => path.startsWith('history.')) ?? [])
        : undefined,
  },
  {
    id: 'history-key',
    topic: 'history',
    rspamd: 'up to 3.x host and compression are put behind any `key_prefix`',
    postern: 'as 4.x: `{{HOSTNAME}}` and `{{COMPRESS}}` say where; `rs_history` alone means both',
    concerns: (context) => {
      const isBare = ({ path, value }: OperatorOption): boolean =>
        path === 'history_redis.key_prefix' && value !== 'rs_history' && !value.includes('{{');
      return positionsOf(context.options.filter(isBare));
    },
  },
  {
    id: 'state-folder',
    topic: 'folders',
    rspamd: '`$DBDIR` is /var/lib/rspamd',
    postern: '`$DBDIR` is STATE: keys and lists there must be copied, or named with their full path',
    concerns: ({ configuration, options }) =>
      positionsOf(options.filter(({ value }) => value.includes(`${configuration.stateDir}/`))),
  },
  {
    id: 'signing-keys',
    topic: 'folders',
    rspamd: 'signing keys that no option names are sought in /var/lib/rspamd/dkim',
    postern: 'in STATE/dkim (arc: STATE/arc)',
    concerns: (context) =>
      places(context, (path) => /^(?:dkim_signing|arc)\.(?:.*\.)?(?:path|path_map|key_table)\b/.test(path))
        ? undefined
        : places(context, (path) => /^(?:dkim_signing|arc)\./.test(path)),
  },
  {
    id: 'slash-comments',
    topic: 'syntax',
    rspamd: '`//` is a key',
    postern: '`//` starts a comment, with a warning',
    concerns: ({ findings }) => {
      const found = findings.notices.filter(({ message }) => message.startsWith('`//`'));
      return positionsOf(found);
    },
  },
  {
    id: 'unknown-options',
    topic: 'syntax',
    rspamd: 'an unknown or misspelt option is silence',
    postern: 'an error with file, line, column and the nearest known name',
    concerns: ({ findings }) =>
      positionsOf(findings.errors.filter(({ message }) => /^unknown (?:option|section)/.test(message))),
  },
];
