import { hostname } from 'node:os';
import { defineCheck, type Task } from '../../core/index.ts';
import { type Config, config, routineNames, settingsSchema } from './options.ts';
import { routines } from './routines.ts';
import type { Routine, RoutineContext } from './write.ts';

/** Upper-case names and underscores are read too. */
function normaliseName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** Is one of the recipients to get the extended headers (whole address, user part or `@domain`)? */
function wantsExtended(task: Task, recipients: readonly string[]): boolean {
  if (recipients.length === 0) return false;
  return task.envelope.recipients.some(
    ({ text, local, domain }) =>
      recipients.includes(text.toLowerCase()) ||
      recipients.includes(local.toLowerCase()) ||
      recipients.includes(`@${domain}`),
  );
}

const extendedRoutines = [
  'x-spamd-result',
  'x-rspamd-server',
  'x-rspamd-queue-id',
  'x-rspamd-action',
] as const;

/** Which routines write for this message: outbound mail stays as it is unless the operator names them. */
function selectRoutines(task: Task, settings: Config, isExtended: boolean): readonly string[] {
  const override = settingsSchema.safeParse(task.pluginSettings('milter_headers') ?? {});
  if (override.success && override.data.routines !== undefined)
    return override.data.routines.map(normaliseName);
  if (settings.skip_all) return [];
  const names = new Set(settings.use.map(normaliseName));
  if (settings.extended_spam_headers || isExtended) for (const name of extendedRoutines) names.add(name);
  const { isLocal, isAuthenticated } = task.direction;
  const local = settings.local_headers.map(normaliseName);
  const authenticated = settings.authenticated_headers.map(normaliseName);
  const skipsLocal = isLocal && settings.skip_local && !isExtended;
  const skipsAuthenticated = isAuthenticated && settings.skip_authenticated && !isExtended;
  // A message that is both needs the routine in both lists (outbound-matrix, milter_headers).
  return [...names].filter(
    (name) => (!skipsLocal || local.includes(name)) && (!skipsAuthenticated || authenticated.includes(name)),
  );
}

export const milterHeaders = defineCheck({
  name: 'milter_headers',
  summary: 'Writes the verdict into headers of the message.',
  details: [
    'Nothing is written by default. Mail with a login and mail from local addresses stays as it is even when `use`',
    'names routines, unless they stand in `authenticated_headers` or `local_headers` as well (a message that is both',
    'needs them in both lists), or `skip_authenticated` and `skip_local` are off. An incoming `X-Spam` header is',
    'removed from all mail unless `remove_upstream_spam_flag` is off.',
    '',
    'Settings may name the routines for a message: `apply { plugins { milter_headers { routines = [ … ] } } }`.',
    '',
    '`authentication-results` states what is known of a message (RFC 8601): its login, SPF, each DKIM signature, DMARC',
    'and ARC. `add_smtp_user` off leaves out whose login it was. Old fields are removed as the options say; fields of',
    'incoming mail that claim to be ours are forged and always go.',
  ].join('\n'),
  group: 'milter_headers',
  stage: 'final',
  direction: 'both',
  needs: [],
  config,
  unsupported: {
    custom: 'Lua functions are not run; use add-headers, settings `add_headers`, or a check of your own',
    headers_modify_mode: 'headers are always changed the way milters can (`compat`)',
  },
  symbols: {},
  create({ config: settings, configError, warn }) {
    const chosen = [...settings.use, ...settings.local_headers, ...settings.authenticated_headers];
    for (const name of chosen) {
      if (!routineNames.includes(normaliseName(name))) {
        throw configError(['use'], `unknown routine ${name}`, `one of ${routineNames.join(', ')}`);
      }
    }
    const outboundOnly = [...settings.local_headers, ...settings.authenticated_headers].map(normaliseName);
    const use = settings.use.map(normaliseName);
    for (const name of outboundOnly) {
      if (!use.includes(name) && !settings.extended_spam_headers) {
        warn(
          ['use'],
          `routine ${name} is allowed for outbound mail, but \`use\` does not name it: it never runs`,
        );
      }
    }
    const extendedRecipients = settings.extended_headers_rcpt.map((recipient) => recipient.toLowerCase());
    const host = hostname();
    return {
      name: 'MILTER_HEADERS',
      ignorePassthrough: true,
      run(task) {
        if (settings.remove_upstream_spam_flag && task.raw.length > 0 && task.message.headers.has('x-spam')) {
          task.milter.removeHeaders.push({ name: 'X-Spam', instances: [0] });
        }
        const names = selectRoutines(task, settings, wantsExtended(task, extendedRecipients));
        if (names.length === 0) return;
        const context: RoutineContext = {
          task,
          settings,
          hostName: host,
          headerOrder: settings.default_headers_order,
        };
        for (const name of names) {
          const routine: Routine | undefined = routines[name];
          routine?.(context);
        }
      },
    };
  },
});
