import { type AuthMethod, authResultTexts, claimsToBeFrom, foldAuthResults } from '../../auth/index.ts';
import type { Task } from '../../core/index.ts';
import type { Config } from './options.ts';
import { type RoutineContext, write } from './write.ts';

type Options = Config['routines']['authentication-results'];

/** Words of Rspamd's options that RFC 8601 does not know for the method. */
const otherWords: Readonly<Partial<Record<AuthMethod, Readonly<Record<string, string>>>>> = {
  dmarc: { reject: 'fail', quarantine: 'fail', softfail: 'fail' },
  // RFC 8617 10.1.
  arc: { reject: 'fail', permerror: 'fail', temperror: 'fail' },
};

/** Words that the operator's symbols say. */
function symbolWords({ result }: Task, options: Options): Partial<Record<AuthMethod, string>> {
  const words: Partial<Record<AuthMethod, string>> = {};
  for (const method of ['spf', 'dkim', 'dmarc', 'arc'] as const) {
    for (const [word, symbol] of Object.entries(options[`${method}_symbols`])) {
      if (symbol === undefined || !result.has(symbol)) continue;
      words[method] = otherWords[method]?.[word] ?? word;
      break;
    }
  }
  return words;
}

/** Instances that claim to come from these servers, from the top. */
function claims(task: Task, header: string, servers: ReadonlySet<string>): readonly number[] {
  if (task.raw.length === 0) return [];
  return task.message.headers
    .every(header.toLowerCase())
    .flatMap(({ rawValue }, index) => (claimsToBeFrom(rawValue, servers) ? [index + 1] : []));
}

/** Writes what is known of the message (RFC 8601). */
export function authenticationResults(context: RoutineContext): void {
  const { task, settings, hostName } = context;
  const { authentication, direction, envelope, milter } = task;
  const options = settings.routines['authentication-results'];
  const server = options.hostname ?? envelope.mtaName ?? hostName;
  const servers = new Set(options.remove_ar_from.map((name) => name.toLowerCase()));
  const removesSome = servers.size > 0;
  // RFC 8601 5: what comes in under our own name is forged, whatever else may stay.
  if (!direction.isOutbound && (removesSome || options.remove !== 0)) servers.add(server.toLowerCase());
  const instances = servers.size > 0 ? claims(task, options.header, servers) : [];
  if (instances.length > 0) milter.removeHeaders.push({ name: options.header, instances });
  const results = authResultTexts({
    ...authentication,
    words: symbolWords(task, options),
    ...(envelope.login !== undefined && {
      auth: { login: options.add_smtp_user ? envelope.login : undefined },
    }),
  });
  const value = foldAuthResults(options.header, server, results).replaceAll('\r\n', '\n');
  write(context, { ...options, remove: removesSome ? null : options.remove }, value);
}
