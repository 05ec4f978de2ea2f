import {
  discoverPolicy,
  dmarcDomain,
  evaluateAlignment,
  organizationalDomain,
  policyFor,
  sampledOut,
} from '../../auth/dmarc/index.ts';
import {
  type CheckContext,
  type CheckUnit,
  type DmarcPolicyWord,
  type DynamicSymbol,
  defineCheck,
  directionFilter,
  type InsertHit,
  type MapHandle,
  normaliseActionName,
  type Task,
} from '../../core/index.ts';
import { Munger } from './munging.ts';
import { type ActionKey, type Config, config } from './options.ts';
import { ReportWriter } from './report-writer.ts';

type Outcome = ActionKey | 'allow';
type Context = CheckContext<Config, string>;
type Found = Extract<Awaited<ReturnType<typeof discoverPolicy>>, { readonly status: 'found' }>;

const groups = ['policies', 'dmarc'];

export const dmarc = defineCheck({
  name: 'dmarc',
  summary: 'Checks DMARC (RFC 7489): whether SPF or DKIM stand for the domain that readers see in From.',
  details: [
    'Needs the results of SPF and DKIM: when SPF was not checked (a login, a local address, a client on the whitelist of',
    '`spf`), nothing is said. `check_local` and `check_authed` have to be set for all three. Where only DKIM was left out (its',
    '`whitelist`, `skip_multi`), or the MTA told no client, what was checked may pass; a failure is not told.',
    '',
    'The policy of a subdomain without its own is that of the organizational domain by the public suffix list; `sp` and, for',
    'names that have neither address nor mail server, `np` (RFC 9091) hold there. Several records are as good as none',
    '(`DMARC_BAD_POLICY`), values of tags that cannot be read are defaults. A sealer that `arc` trusts and that saw DMARC',
    'pass mends a failure: a tenth of the weight, option `ARC trusted`, no action.',
    '',
    '**Reports.** With `reporting { enabled = true; }` every message of a domain that asks for reports adds to a row in the',
    'store, in the layout of Rspamd, which may share the Redis; `postern dmarc report` sends them once a day, see',
    '[DMARC reports](../../dmarc-reports.md). **Personal data**: a row holds the address of the client and domains, no mail',
    'addresses of the message; it lives for `keys_expire`.',
    '',
    '**Mailing lists.** Lists change messages, which breaks the signatures of authors. With `munging { list_map = …; }` mail to',
    'a list gets `From: NAME via LIST <address of the list>`, the author in `Reply-To`, the old field in `X-Original-From`.',
    'Such a message is not signed here: its From changes on its way out.',
  ].join('\n'),
  group: 'policies',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: {
    send_reports: 'the form before Rspamd 3 is not read; write `reporting { enabled = true; … }`',
    report_settings: 'the form before Rspamd 3 is not read; write `reporting { … }`',
  },
  symbols: {
    DMARC_POLICY_ALLOW: { score: -0.5, description: 'DMARC passes', ref: 'RFC 7489', groups },
    DMARC_POLICY_REJECT: { score: 2, description: 'DMARC fails, the policy is reject', groups },
    DMARC_POLICY_QUARANTINE: { score: 1.5, description: 'DMARC fails, the policy is quarantine', groups },
    DMARC_POLICY_SOFTFAIL: { score: 0.1, description: 'DMARC fails, the policy is none', groups },
    DMARC_NA: { description: 'The domain in From has no DMARC policy', groups },
    DMARC_DNSFAIL: { description: 'DMARC could not be checked for now', groups },
    DMARC_BAD_POLICY: { description: 'The DMARC policy cannot be used', groups },
    DMARC_MUNGED: { description: 'From was rewritten for a mailing list', groups },
  },
  create(context) {
    const { munging, reporting } = context.config;
    const writer = reporting.enabled ? new ReportWriter(context) : undefined;
    const judge = new Judge(context, writer);
    const units: CheckUnit<
      | 'DMARC_POLICY_ALLOW'
      | 'DMARC_POLICY_REJECT'
      | 'DMARC_POLICY_QUARANTINE'
      | 'DMARC_POLICY_SOFTFAIL'
      | 'DMARC_NA'
      | 'DMARC_DNSFAIL'
      | 'DMARC_BAD_POLICY'
      | 'DMARC_MUNGED'
    >[] = [
      {
        name: 'DMARC_CHECK',
        symbols: judge.symbols,
        waits: true,
        after: ['SPF_CHECK', 'DKIM_CHECK', 'ARC_CHECK'],
        run: (task, hit) => judge.run(task, hit),
      },
    ];
    if (munging) {
      const munger = new Munger(munging, context);
      units.push({
        name: 'DMARC_MUNGED',
        symbols: ['DMARC_MUNGED'],
        waits: true,
        after: ['DMARC_CHECK'],
        async run(task, hit) {
          const author = await munger.munge(task);
          if (author !== undefined) hit('DMARC_MUNGED', 1, author);
        },
      });
    }
    if (writer)
      units.push({
        name: 'DMARC_REPORTS',
        stage: 'idempotent',
        symbols: [],
        alwaysRun: true,
        waits: true,
        run: (task) => writer.write(task),
      });
    return units;
  },
});

const dnsReasons: Readonly<Record<string, string>> = {
  servfail: 'server fail',
  timeout: 'query timed out',
  refused: 'query refused',
};

/** Judges messages and inserts what comes of it. */
class Judge {
  readonly symbols: readonly DynamicSymbol[];
  readonly #context: Context;
  readonly #writer: ReportWriter | undefined;
  readonly #isLeftAlone: (task: Task) => boolean;
  readonly #names: Readonly<Record<Outcome, DynamicSymbol>>;
  readonly #actions: ReadonlyMap<string, string>;
  readonly #noSampling: MapHandle | undefined;

  /** @throws ConfigError */
  constructor(context: Context, writer: ReportWriter | undefined) {
    const { config: settings, options } = context;
    this.#context = context;
    this.#writer = writer;
    this.#isLeftAlone = directionFilter(settings, options);
    const { symbols } = settings;
    this.#names = {
      allow: context.rename('DMARC_POLICY_ALLOW', symbols.allow),
      reject: context.rename('DMARC_POLICY_REJECT', symbols.reject),
      quarantine: context.rename('DMARC_POLICY_QUARANTINE', symbols.quarantine),
      softfail: context.rename('DMARC_POLICY_SOFTFAIL', symbols.softfail),
      na: context.rename('DMARC_NA', symbols.na),
      dnsfail: context.rename('DMARC_DNSFAIL', symbols.dnsfail),
      badpolicy: context.rename('DMARC_BAD_POLICY', symbols.badpolicy),
    };
    this.symbols = [...new Set(Object.values(this.#names))];
    this.#actions = readActions(context);
    this.#noSampling =
      settings.no_sampling_domains === undefined
        ? undefined
        : context.maps.open(settings.no_sampling_domains, 'set', {
            description: 'domains whose DMARC policy holds for every message',
            path: context.path('no_sampling_domains'),
          });
  }

  async run(task: Task, hit: InsertHit<never>): Promise<void> {
    if (this.#isLeftAlone(task)) return;
    const { spf, dkim } = task.authentication;
    // As Rspamd: where SPF left out a client that is known, nothing is said.
    if (!spf && (!dkim || task.envelope.clientIp !== undefined)) return;
    const insert = (outcome: Outcome, weight: number, ...options: readonly string[]): void => {
      hit(this.#names[outcome], weight, ...options);
    };
    const from = fromDomain(task);
    if (typeof from === 'object') {
      insert('na', 1, from.missing);
      this.#force(task, 'na');
      task.authentication.dmarc = { result: 'none', domain: '', reason: from.missing };
      return;
    }
    const found = await discoverPolicy(this.#context.dns, from, task.signal);
    if (found.status === 'found') {
      await this.#apply(task, insert, from, found);
      return;
    }
    if (found.status === 'none') {
      insert('na', 1, organizationalDomain(from));
      this.#force(task, 'na');
      task.authentication.dmarc = { result: 'none', domain: from };
      return;
    }
    const { status, domain } = found;
    const outcome = status === 'malformed' ? 'badpolicy' : 'dnsfail';
    const reason = dnsReasons[found.reason] ?? found.reason;
    insert(outcome, 1, `${domain} : ${reason}`);
    this.#force(task, outcome);
    task.authentication.dmarc = {
      result: status === 'malformed' ? 'permerror' : 'temperror',
      domain: from,
      policyDomain: domain,
      reason,
    };
  }

  async #apply(
    task: Task,
    insert: (outcome: Outcome, weight: number, ...options: readonly string[]) => void,
    from: string,
    found: Found,
  ): Promise<void> {
    const { record, domain: policyDomain } = found;
    const { spf, dkim, arc } = task.authentication;
    const alignment = evaluateAlignment(record, from, spf, dkim);
    const { isSpfAligned, isDkimAligned, isTemporary } = alignment;
    const isPass = isSpfAligned || isDkimAligned;
    const reason = isTemporary ? 'SPF/DKIM temp error' : alignment.reasons.join(', ');
    // What was not looked at might have passed.
    if (!isPass && (!spf || !dkim)) return;
    const isFailure = !isPass && !isTemporary;
    const policy = isFailure
      ? await policyFor(this.#context.dns, found, from, task.signal)
      : policyDomain === from
        ? record.policy
        : record.subdomainPolicy;
    let disposition: DmarcPolicyWord = 'none';
    let isSampledOut = false;
    if (isPass) insert('allow', 1, policyDomain, policy);
    else if (isTemporary) insert('dnsfail', 1, `${policyDomain} : ${reason}`, policy);
    else {
      const isMended = policy !== 'none' && arc?.trusted?.mendsDmarc === true;
      const sample = policy === 'none' ? undefined : await this.#sample(task, record.percent, policyDomain);
      isSampledOut = sample === 'sampled_out';
      disposition = isSampledOut ? sampledOut(policy) : policy;
      const outcome = disposition === 'none' ? 'softfail' : disposition;
      const options = [`${policyDomain} : ${reason}`, policy, ...(sample ? [sample] : [])];
      if (isMended) {
        insert(outcome, 0.1, ...options, 'ARC trusted');
        disposition = 'none';
      } else {
        insert(outcome, 1, ...options);
        this.#force(task, outcome);
      }
    }
    task.authentication.dmarc = {
      result: isPass ? 'pass' : isTemporary ? 'temperror' : 'fail',
      domain: from,
      policy,
      disposition,
      policyDomain,
      isSpfAligned,
      isDkimAligned,
      ...(isPass ? {} : { reason }),
    };
    if (record.rua.length > 0 && spf && dkim)
      this.#writer?.note(task, {
        record,
        policyDomain,
        spf,
        dkim,
        row: { isSpfAligned, isDkimAligned, disposition, isSampledOut, fromDomain: from },
      });
  }

  /** Whether a message is among the `pct` that the policy is for (RFC 7489 6.6.4). */
  async #sample(
    task: Task,
    percent: number,
    policyDomain: string,
  ): Promise<'sampled_out' | 'local_policy' | undefined> {
    if (percent === 100 || Math.random() * 100 < percent) return undefined;
    const isOurs = (await this.#noSampling?.ask(policyDomain, task.signal)) !== undefined;
    return isOurs ? 'local_policy' : 'sampled_out';
  }

  #force(task: Task, outcome: ActionKey): void {
    const action = this.#actions.get(outcome);
    if (action === undefined) return;
    task.setPreResult({
      action,
      message: 'Action set by DMARC',
      module: 'dmarc',
      priority: 0,
      isLeast: true,
      processAll: false,
    });
  }
}

/** The domain that DMARC is about: From has to hold exactly one address (RFC 7489 6.6.1). */
function fromDomain({ message }: Task): string | { readonly missing: string } {
  const [first, second] = message.from;
  if (second || message.headers.every('from').length > 1) return { missing: 'Duplicate From header' };
  if (!first) return { missing: 'No From header' };
  const domain = first.domain === '' ? undefined : dmarcDomain(first.domain);
  return domain === undefined || domain === '' ? { missing: 'No domain in From header' } : domain;
}

function readActions({ config: { actions }, options, configError }: Context): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  for (const [outcome, name] of Object.entries(actions)) {
    if (name === undefined) continue;
    const action = normaliseActionName(name);
    if (!options.actions.includes(action))
      throw configError(['actions', outcome], `unknown action \`${name}\``, options.actions.join(', '));
    read.set(outcome, action);
  }
  return read;
}
