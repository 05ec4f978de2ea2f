import { z } from 'zod';
import { defineCheck, directionFilter, type InsertHit, type Resolver, type Task } from '../../core/index.ts';
import { reverseName } from '../../lib/index.ts';
import { compileHostPattern, type HostPattern } from './host-pattern.ts';

const texts = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const config = z.strictObject({
  check_local: z.boolean().optional().describe('Also for mail from local addresses. Default: `options`, no'),
  check_authed: z.boolean().optional().describe('Also for mail with a login. Default: `options`, no'),
  good_host: texts
    .default(['mail'])
    .describe('Parts of host names, or Lua patterns, of hosts that may be the only hop'),
  bad_host: texts
    .default(['static', 'dynamic'])
    .describe('Parts of host names, or Lua patterns, of hosts that should not send mail themselves'),
  whitelist: z
    .union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional()
    .describe('Map of client addresses and networks that are left alone'),
  symbol: z.string().min(1).default('ONCE_RECEIVED').describe('Symbol for a single hop'),
  symbol_strict: z
    .string()
    .min(1)
    .default('ONCE_RECEIVED_STRICT')
    .describe('Symbol for a single hop from a host of `bad_host`'),
  symbol_mx: z
    .string()
    .min(1)
    .default('DIRECT_TO_MX')
    .describe('Symbol for mail programs that deliver from a host without name'),
});

/** What is known of the client's name. */
type ClientName = { readonly name: string } | 'none' | 'unknown';

/** The name the MTA verified, else the first that DNS points to. */
async function clientName(task: Task, dns: Resolver): Promise<ClientName> {
  const { hostName, clientIp } = task.envelope;
  if (hostName !== undefined) return { name: hostName };
  if (!clientIp) {
    const name = task.message.received[0]?.realName;
    return name === undefined ? 'unknown' : { name };
  }
  const { status, records } = await dns.resolve(reverseName(clientIp), 'ptr', { signal: task.signal });
  if (status === 'ok' && records[0] !== undefined) return { name: records[0] };
  return status === 'ok' || status === 'nxdomain' || status === 'nodata' ? 'none' : 'unknown';
}

export const onceReceived = defineCheck({
  name: 'once_received',
  summary: 'Finds mail that came straight from where it was written, and clients without a name in DNS.',
  details: [
    'Looks at mail with one Received header, or with none when the MTA gave no name of the client. A name of the client that',
    'matches `good_host` lifts suspicion. When the MTA gave no name, DNS is asked once for the pointer record of the client; what is found there serves this check only,',
    'since nobody verified it. RDNS_NONE and RDNS_DNSFAIL come from the same answer, whatever the number of hops, and',
    'follow `check_local` and `check_authed` of this section.',
    '',
    'Texts of letters, digits, dots and hyphens in `good_host` and `bad_host` are parts of names; others are Lua patterns,',
    'without `%b`, `%f` and back references.',
  ].join('\n'),
  group: 'headers',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: { symbols: 'symbols are named by `symbol`, `symbol_strict` and `symbol_mx`' },
  symbols: {
    ONCE_RECEIVED: { score: 0.1, description: 'At most one hop' },
    ONCE_RECEIVED_STRICT: { score: 4, description: 'At most one hop, from a host that should not send mail' },
    DIRECT_TO_MX: { score: 0, description: 'A mail program delivers from a host without name' },
    RDNS_NONE: { score: 2, description: 'The client has no pointer record in DNS', groups: ['hfilter'] },
    RDNS_DNSFAIL: {
      score: 0,
      description: 'DNS could not tell whether the client has a name',
      groups: ['hfilter'],
    },
  },
  create({ config: settings, options, dns, maps, path, configError, rename }) {
    const compile = (option: 'good_host' | 'bad_host'): readonly HostPattern[] =>
      settings[option].map((text, index) => {
        const compiled = compileHostPattern(text);
        if (typeof compiled === 'string')
          throw configError([option, index], `bad Lua pattern \`${text}\`: ${compiled}`);
        return compiled;
      });
    const good = compile('good_host');
    const bad = compile('bad_host');
    const skips = directionFilter(settings, options);
    const whitelist =
      settings.whitelist === undefined
        ? undefined
        : maps.open(settings.whitelist, 'radix', {
            description: 'once_received: whitelist',
            path: path('whitelist'),
          });
    const isWhitelisted = async (task: Task): Promise<boolean> => {
      const { clientIp } = task.envelope;
      if (!whitelist || !clientIp) return false;
      const found = whitelist.isExternal
        ? await whitelist.ask(clientIp, task.signal)
        : whitelist.lookup(clientIp);
      return found !== undefined;
    };
    const once = rename('ONCE_RECEIVED', settings.symbol);
    const strict = rename('ONCE_RECEIVED_STRICT', settings.symbol_strict);
    const direct = rename('DIRECT_TO_MX', settings.symbol_mx);

    const checkHops = async (task: Task, hit: InsertHit<never>): Promise<void> => {
      const { received, headers } = task.message;
      // A name that the MTA verified and no hop at all: Rspamd says nothing then.
      if (task.envelope.hostName !== undefined && received.length === 0) return;
      const client = await clientName(task, dns);
      if (typeof client === 'object') {
        const { name } = client;
        if (good.some((pattern) => pattern.matches(name))) return;
        hit(once);
        const found = bad.find((pattern) => pattern.matches(name));
        if (found) hit(strict, 1, found.text);
        return;
      }
      if (!task.envelope.clientIp && received.length === 0) return;
      hit(once);
      if (client === 'unknown') return;
      const program = headers.first('user-agent') ?? headers.first('x-mailer');
      if (program) hit(direct, 1, program.value);
    };

    return [
      {
        name: 'ONCE_RECEIVED',
        symbols: [once, strict, direct],
        waits: true,
        async run(task, hit) {
          if (skips(task) || task.message.received.length > 1 || (await isWhitelisted(task))) return;
          await checkHops(task, hit);
        },
      },
      {
        name: 'RDNS_CHECK',
        needs: [],
        symbols: ['RDNS_NONE', 'RDNS_DNSFAIL'],
        waits: true,
        async run(task, hit) {
          if (skips(task) || task.envelope.hostName !== undefined || !task.envelope.clientIp) return;
          const client = await clientName(task, dns);
          if (client === 'none') hit('RDNS_NONE');
          else if (client === 'unknown') hit('RDNS_DNSFAIL');
        },
      },
    ];
  },
});
