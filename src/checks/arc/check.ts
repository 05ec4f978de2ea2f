import {
  type ArcOutcome,
  signerDomain,
  signerSelector,
  unsupportedSigningOptions,
} from '../../auth/index.ts';
import { type ArcChainOutcome, defineCheck, type MapHandle, type Task } from '../../core/index.ts';
import { chainDomains, createChainReader, listedIn } from './chain.ts';
import { config } from './options.ts';
import { createSealing } from './seal.ts';
import { findVouching, type Vouching } from './trust.ts';

const groups = ['policies', 'arc'];
const ref = 'RFC 8617';
const arcHeaders = ['arc-seal', 'arc-message-signature', 'arc-authentication-results'] as const;
const noChain: ArcChainOutcome = { result: 'none', sealers: [] };

/** `domain:s=selector:i=N` of the newest seal. */
function newestSeal({ structure }: ArcOutcome): string {
  if (structure.status !== 'chain') return '';
  const { sealTags, instance } = structure.sets.at(-1)!;
  return `${signerDomain(sealTags)}:s=${signerSelector(sealTags)}:i=${instance}`;
}

function describe(
  outcome: ArcOutcome,
  vouching: readonly Vouching[],
  adjustsDmarc: boolean,
): ArcChainOutcome {
  const { cv, isTemporary, oldestPass, reason, structure } = outcome;
  const best = vouching.find(({ sawDmarcPass }) => sawDmarcPass) ?? vouching[0];
  return {
    result: cv,
    sealers: structure.status === 'chain' ? structure.sets.map(({ sealTags }) => signerDomain(sealTags)) : [],
    ...(isTemporary && { isTemporary }),
    ...(oldestPass !== undefined && { oldestPass }),
    ...(reason !== undefined && { reason }),
    ...(best && {
      trusted: {
        domain: best.domain,
        instance: best.instance,
        mendsDmarc: adjustsDmarc && best.sawDmarcPass,
      },
    }),
  };
}

export const arc = defineCheck({
  name: 'arc',
  summary: 'Checks ARC chains, and seals mail that is passed on (RFC 8617).',
  details: [
    'A forwarder breaks DKIM and SPF; its seal tells the next server what it saw before. The chain of every message is',
    'checked, outgoing ones too. `ARC_ALLOW` names the newest seal, `domain:s=selector:i=N`; the other symbols say why.',
    '',
    'A chain proves who passed a message on, not that they are honest. `ARC_ALLOW_TRUSTED` is for the domains of',
    '`whitelisted_signers_map`: with nothing of its weight when such a sealer itself saw DMARC fail, with half when it',
    'saw SPF fail and says nothing of DMARC. Others may seal after it, as long as its signature still fits the message;',
    'a trusted seal before somebody else’s changes counts for nothing. When it saw DMARC pass, `adjust_dmarc` has a',
    'failure of DMARC now count for a tenth.',
    '',
    'As in Rspamd only inbound mail is sealed, with the domain of its first recipient, when there is a key: without',
    'further configuration in `arc/DOMAIN.arc.key` below the state folder. The key must be RSA, since other servers know',
    'no other for ARC. What the checks `spf`, `dkim`, `dmarc` and `arc` found is sealed with it, and that there was a',
    'login, not whose. The first seal says `cv=none`, later ones `pass` or `fail`. A chain that is malformed, that',
    'another server sealed as failed, or whose keys DNS does not tell at the moment is left as it is.',
  ].join('\n'),
  group: 'policies',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: {
    ...unsupportedSigningOptions,
    seal_order: 'the order is always seal, message signature, results',
  },
  symbols: {
    ARC_ALLOW: { score: -1, description: 'The ARC chain is valid', groups, ref },
    ARC_REJECT: { score: 1, description: 'The ARC chain does not verify', groups, ref },
    ARC_INVALID: { score: 0.5, description: 'The ARC chain is malformed', groups, ref },
    ARC_DNSFAIL: { description: 'The ARC chain cannot be checked now', groups, ref },
    ARC_NA: { description: 'There is no ARC chain', groups, ref },
    ARC_ALLOW_TRUSTED: { score: -2, description: 'A trusted server sealed the message', groups, ref },
    ARC_SIGNED: { description: 'The message was sealed', groups, ref },
  },
  create(context) {
    const { config: settings, maps, path, rename } = context;
    const open = (
      option: 'whitelist' | 'whitelisted_signers_map',
      description: string,
    ): MapHandle | undefined =>
      settings[option] === undefined
        ? undefined
        : maps.open(settings[option], 'set', { description, path: path(option) });
    const whitelist = open('whitelist', 'ARC signers whose failures are overlooked');
    const signers = open('whitelisted_signers_map', 'trusted ARC signers');
    const symbols = {
      allow: rename('ARC_ALLOW', settings.symbols.allow),
      reject: rename('ARC_REJECT', settings.symbols.reject),
      invalid: rename('ARC_INVALID', settings.symbols.invalid),
      dnsfail: rename('ARC_DNSFAIL', settings.symbols.dnsfail),
      na: rename('ARC_NA', settings.symbols.na),
      trusted: rename('ARC_ALLOW_TRUSTED', settings.symbols.trusted_allow),
    };
    const symbol = rename('ARC_SIGNED', settings.sign_symbol ?? settings.symbol_sign ?? settings.symbol);
    const chainOf = createChainReader(context, whitelist);

    const findTrusted = async (task: Task, outcome: ArcOutcome): Promise<readonly Vouching[]> => {
      if (!signers || outcome.cv !== 'pass') return [];
      return findVouching(task, outcome, await listedIn(signers, chainDomains(outcome), task.signal));
    };

    /** The symbol of a chain that is not valid. */
    const blame = ({ isTemporary, structure }: ArcOutcome) => {
      if (isTemporary) return symbols.dnsfail;
      return structure.status === 'broken' ? symbols.invalid : symbols.reject;
    };

    return [
      {
        name: 'ARC_CHECK',
        symbols: Object.values(symbols),
        waits: true,
        run(task, hit) {
          const { headers } = task.message;
          if (!arcHeaders.some((name) => headers.has(name))) {
            task.authentication.arc = noChain;
            hit(symbols.na);
            return undefined;
          }
          return chainOf(task).then(async (outcome) => {
            const vouching = await findTrusted(task, outcome);
            task.authentication.arc = describe(outcome, vouching, settings.adjust_dmarc);
            if (outcome.cv !== 'pass') {
              hit(blame(outcome), 1, outcome.reason ?? '');
              return;
            }
            hit(symbols.allow, 1, newestSeal(outcome));
            for (const { domain, selector, instance, weight } of vouching)
              hit(symbols.trusted, weight, `${domain}:s=${selector}:i=${instance}`);
          });
        },
      },
      createSealing(context, chainOf, { symbol }),
    ];
  },
});
