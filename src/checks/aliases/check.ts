import { z } from 'zod';
import {
  type DynamicSymbol,
  defineCheck,
  type InsertHit,
  type MailAddress,
  type MapHandle,
  priorities,
  type Task,
} from '../../core/index.ts';
import { findForwarding } from './forwarding.ts';
import { AddressResolver, type AliasSource, type Resolution } from './resolve.ts';
import { type AliasTable, parseSystemAliases, parseTargets, parseVirtualAliases } from './tables.ts';

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

const own = {
  LOCAL_INBOUND: { score: 0, description: 'From outside to a local recipient' },
  LOCAL_OUTBOUND: { score: 0, description: 'From a local sender to recipients elsewhere only' },
  INTERNAL_MAIL: { score: 0, description: 'From a local sender to a local recipient' },
  ALIAS_RESOLVED: { score: 0, description: 'An address was changed by a table of aliases' },
  TAGGED_FROM: { score: 0, description: 'A plus tag was taken away from the sender' },
  TAGGED_RCPT: { score: 0, description: 'A plus tag was taken away from a recipient' },
};
type OwnSymbol = keyof typeof own;
const ownNames = Object.keys(own) as readonly OwnSymbol[];

const forwarding = (description: string) => ({ score: 0, description, groups: ['forwarding'] });

const name = (symbol: OwnSymbol) =>
  z.string().min(1).default(symbol).describe(`Name of the symbol ${symbol}`);
const score = (symbol: OwnSymbol) => z.number().default(0).describe(`Score of the symbol ${symbol}`);

const config = z.strictObject({
  system_aliases: mapValue
    .optional()
    .describe(
      'Table in the format of aliases(5), such as /etc/aliases, for local users and addresses at `local_domains`',
    ),
  virtual_aliases: mapValue
    .optional()
    .describe(
      'Table in the format of Postfix virtual(5): `user@domain`, `user` (at `local_domains`), `@domain`',
    ),
  rspamd_aliases: mapValue
    .optional()
    .describe('Map of addresses to targets between commas; keys as for `virtual_aliases`'),
  local_domains: mapValue.optional().describe('Map of domains whose mail is delivered here'),
  max_recursion_depth: z.int().min(1).max(100).default(10).describe('Aliases of aliases that are followed'),
  expand_multiple: z
    .boolean()
    .default(true)
    .describe('A recipient becomes all targets of its alias; false: the first'),
  track_chain: z.boolean().default(false).describe('Options of ALIAS_RESOLVED name every step'),
  enable_gmail_rules: z
    .boolean()
    .default(true)
    .describe('At gmail.com dots mean nothing; googlemail.com is the same'),
  enable_plus_aliases: z.boolean().default(true).describe('Take `+tag` away at every domain'),
  apply_to_mime: z.boolean().default(true).describe('Correct the addresses of From, To and Cc'),
  apply_to_smtp: z.boolean().default(true).describe('Correct the addresses of the envelope'),
  symbol_local_inbound: name('LOCAL_INBOUND'),
  symbol_local_outbound: name('LOCAL_OUTBOUND'),
  symbol_internal_mail: name('INTERNAL_MAIL'),
  symbol_alias_resolved: name('ALIAS_RESOLVED'),
  symbol_tagged_from: name('TAGGED_FROM'),
  symbol_tagged_rcpt: name('TAGGED_RCPT'),
  score_local_inbound: score('LOCAL_INBOUND'),
  score_local_outbound: score('LOCAL_OUTBOUND'),
  score_internal_mail: score('INTERNAL_MAIL'),
  score_alias_resolved: score('ALIAS_RESOLVED'),
  score_tagged_from: score('TAGGED_FROM'),
  score_tagged_rcpt: score('TAGGED_RCPT'),
});

/** Options of a symbol named in a verdict. */
const maxShown = 20;

/** What was found on the way through the addresses of one message. */
class Findings {
  readonly steps = new Set<string>();
  readonly fromTags = new Set<string>();
  readonly rcptTags = new Set<string>();
  isFromTagged = false;
  isRcptTagged = false;
  readonly #showsChain: boolean;

  constructor(showsChain: boolean) {
    this.#showsChain = showsChain;
  }

  add(resolution: Resolution, side: 'from' | 'rcpt'): void {
    for (const tag of resolution.tags) (side === 'from' ? this.fromTags : this.rcptTags).add(tag);
    if (resolution.tags.length > 0) {
      if (side === 'from') this.isFromTagged = true;
      else this.isRcptTagged = true;
    }
    if (!resolution.isAlias) return;
    for (const { chain } of resolution.targets) {
      if (chain.length < 2 || this.steps.size >= maxShown) continue;
      this.steps.add((this.#showsChain ? chain : [chain[0], chain.at(-1)]).join('->'));
    }
  }
}

export const aliases = defineCheck({
  name: 'aliases',
  summary:
    'Resolves addresses through tables of aliases, takes plus tags away and tells which way a message goes.',
  details: [
    'Checks, limits and maps that follow see the addresses that were found, in the envelope as in From, To and Cc; so',
    '`user+anything@example.com` and `user@example.com` share a limit. Selectors with `orig`, signing, forgery checks and',
    'copies of mail keep the addresses as they were written. A sender whose alias has several targets stays what it is.',
    '',
    'A login, a local client address or a sender at one of `local_domains` makes a local sender. A recipient is local',
    'when its domain, or that of the address it stands for, is in `local_domains`.',
    '',
    'It runs before settings are chosen: their conditions see the corrected addresses too.',
  ].join('\n'),
  group: 'aliases',
  stage: 'connfilter',
  priority: priorities.top + 1,
  direction: 'both',
  needs: [],
  config,
  symbols: {
    ...own,
    FWD_GOOGLE: forwarding('Forwarded by Google'),
    FWD_YANDEX: forwarding('Forwarded by Yandex'),
    FWD_MAILRU: forwarding('Forwarded by Mail.ru'),
    FWD_SRS: forwarding('Forwarded with a rewritten sender (SRS)'),
    FWD_SIEVE: forwarding('Forwarded by a Sieve script'),
    FWD_CPANEL: forwarding('Forwarded by cPanel'),
    FORWARDED: forwarding('A Received header names another recipient'),
  },
  create({ config: settings, maps, path, configError, options, rename }) {
    const symbols = Object.fromEntries(
      ownNames.map((symbol) => {
        const key = symbol.toLowerCase() as Lowercase<OwnSymbol>;
        const configured = settings[`score_${key}`];
        return [symbol, rename(symbol, settings[`symbol_${key}`], configured === 0 ? undefined : configured)];
      }),
    ) as Record<OwnSymbol, DynamicSymbol>;

    const open = (
      option: 'system_aliases' | 'virtual_aliases' | 'rspamd_aliases' | 'local_domains',
      kind: 'plain' | 'hash' | 'set',
    ): MapHandle | undefined => {
      const spec = settings[option];
      if (spec === undefined || (Array.isArray(spec) && spec.length === 0)) return undefined;
      const map = maps.open(spec, kind, {
        description: `aliases: ${option.replace('_', ' ')}`,
        path: path(option),
      });
      if (map.isExternal) throw configError([option], 'a list that is asked per look-up cannot be used here');
      return map;
    };
    const table = (
      option: 'system_aliases' | 'virtual_aliases',
      parse: (text: string) => AliasTable,
    ): AliasSource | undefined => {
      const map = open(option, 'plain');
      if (!map) return undefined;
      let entries = parse(map.text() ?? '');
      map.onChange(() => {
        entries = parse(map.text() ?? '');
      });
      return { find: (key) => entries.get(key), isVirtual: option === 'virtual_aliases' };
    };
    const ownMap = open('rspamd_aliases', 'hash');
    const fromMap = ownMap && {
      find(key: string) {
        const value = ownMap.lookup(key);
        const targets = value === undefined ? [] : parseTargets(value);
        return targets.length === 0 ? undefined : targets;
      },
      isVirtual: true,
    };
    const localDomains = open('local_domains', 'set');
    const isLocalDomain = (domain: string): boolean =>
      localDomains !== undefined && domain !== '' && localDomains.lookup(domain) !== undefined;
    const resolver = new AddressResolver({
      sources: [
        table('virtual_aliases', parseVirtualAliases),
        table('system_aliases', parseSystemAliases),
        fromMap,
      ].filter((source) => source !== undefined),
      maxDepth: settings.max_recursion_depth,
      expandsMultiple: settings.expand_multiple,
      plus: settings.enable_plus_aliases,
      gmail: settings.enable_gmail_rules,
      isLocalDomain,
    });

    /** The list with what its addresses stand for; the list itself when nothing changed. */
    const resolveList = <T extends MailAddress>(
      list: readonly T[],
      side: 'from' | 'rcpt',
      findings: Findings,
    ): readonly T[] => {
      let changed: T[] | undefined;
      for (const [index, address] of list.entries()) {
        const room = options.maxRecipients - (changed?.length ?? index) - (list.length - index - 1);
        const resolution = resolver.resolve(address, room);
        if (!resolution || (side === 'from' && resolution.targets.length > 1)) {
          changed?.push(address);
          continue;
        }
        findings.add(resolution, side);
        changed ??= list.slice(0, index);
        for (const target of resolution.targets) changed.push({ ...address, ...target.address });
      }
      return changed ?? list;
    };

    const correctEnvelope = (task: Task, findings: Findings): void => {
      const { sender, recipients } = task.envelope;
      const [newSender] = sender ? resolveList([sender], 'from', findings) : [];
      const newRecipients = resolveList(recipients, 'rcpt', findings);
      if ((newSender ?? sender) === sender && newRecipients === recipients) return;
      task.correctEnvelope({
        recipients: newRecipients,
        ...(newSender === undefined ? {} : { sender: newSender }),
      });
    };

    const correctMailboxes = (task: Task, findings: Findings): void => {
      const { from, to, cc } = task.mailboxes;
      const corrected = {
        from: resolveList(from, 'from', findings),
        to: resolveList(to, 'rcpt', findings),
        cc: resolveList(cc, 'rcpt', findings),
      };
      if (corrected.from === from && corrected.to === to && corrected.cc === cc) return;
      task.correctMailboxes(corrected);
    };

    const directionOf = (task: Task): OwnSymbol | undefined => {
      const { sender, recipients } = task.originalEnvelope;
      const isFromHere =
        task.direction.isOutbound ||
        isLocalDomain(sender?.domain ?? '') ||
        isLocalDomain(task.envelope.sender?.domain ?? '');
      let isToHere = false;
      if (localDomains) {
        const isHere = ({ domain }: MailAddress): boolean => isLocalDomain(domain);
        isToHere = recipients.some(isHere) || task.envelope.recipients.some(isHere);
        if (recipients.length === 0 && task.raw.length > 0) {
          isToHere = task.message.to.some(isHere) || task.message.cc.some(isHere);
        }
      }
      if (isToHere) return isFromHere ? 'INTERNAL_MAIL' : 'LOCAL_INBOUND';
      return isFromHere ? 'LOCAL_OUTBOUND' : undefined;
    };

    return (task, hit: InsertHit<OwnSymbol | NonNullable<ReturnType<typeof findForwarding>>['symbol']>) => {
      const findings = new Findings(settings.track_chain);
      if (settings.apply_to_smtp) correctEnvelope(task, findings);
      if (settings.apply_to_mime && task.raw.length > 0) correctMailboxes(task, findings);
      if (findings.isFromTagged) hit(symbols.TAGGED_FROM, 1, ...[...findings.fromTags].slice(0, maxShown));
      if (findings.isRcptTagged) hit(symbols.TAGGED_RCPT, 1, ...[...findings.rcptTags].slice(0, maxShown));
      if (findings.steps.size > 0) hit(symbols.ALIAS_RESOLVED, 1, ...findings.steps);
      const direction = directionOf(task);
      if (direction) hit(symbols[direction]);
      const forwarded = findForwarding(task);
      if (forwarded) hit(forwarded.symbol, 1, ...(forwarded.option === undefined ? [] : [forwarded.option]));
    };
  },
});
