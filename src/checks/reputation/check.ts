import { defineCheck } from '../../core/index.ts';
import { reputationOptions } from './options.ts';
import { compileRule } from './rule.ts';

export const reputation = defineCheck({
  name: 'reputation',
  summary:
    'Remembers what score the mail of an address, domain or anything else had, and counts it for the next.',
  details: [
    'There are no rules by default. Each names what has a reputation and where it is kept:',
    '',
    '```ucl',
    'rules {',
    '  sender { selector "ip" { } backend "redis" { } symbol = "SENDER_REP"; }',
    '  login { selector "generic" { selector = "user.lower"; inbound = false; } backend "redis" { } symbol = "LOGIN_REP"; }',
    '}',
    '```',
    '',
    'The reputation is a moving average of final scores, without what the rule itself added; messages with a forced action',
    'are not learned. It counts once `lower_bound` messages are known, as tanh((average / threshold of `reject`) × 1.83178 −',
    '0.5493): below zero for mail that scores under three tenths of the threshold, above it for worse. Symbols have score 0:',
    'give them one in `local.d/groups.conf`. A negative score of `…_HAM` means the same as a positive one.',
    '',
    '| Selector | Symbol | Has a reputation | Mail |',
    '|---|---|---|---|',
    "| `ip`, `sender` | `SENDER_REP_SPAM`, `SENDER_REP_HAM` | the client's address, and the network and country that `asn` found; not scans of rspamc | inbound |",
    '| `dkim` | `DKIM_SCORE` | registered domain of each signature, by its result; only valid ones count | both |',
    '| `url` | `URL_SCORE` | registered domains of links and of the header From | both |',
    '| `spf` | `SPF_REP` | domain whose SPF policy passed | both, where SPF is checked |',
    '| `generic` | the name of the rule | values of a selector | both |',
    '',
    "Backend `redis` is the store, whichever it is: hash `<prefix><token>` with `v<bucket>`, `l`, `n`, which is Rspamd's layout:",
    'what it has learned goes on. Backend `dns` reads TXT records such as `n=120;v=2.5` or `120;2.5` and learns nothing. While the store cannot be reached mail goes on without reputation.',
    '',
    'Unlike Rspamd: `dkim` does not change the score of R_DKIM_ALLOW but adds `<symbol>_ADJUSTMENT`, which makes the same',
    'total; `url` weighs domains by how often they stand in the message; `spf` knows domains, not the text of their records;',
    'tokens of more than 200 characters are digests.',
  ].join('\n'),
  group: 'reputation',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: reputationOptions,
  symbols: {},
  create(context) {
    const units = Object.entries(context.config.rules).flatMap(([key, rule]) =>
      compileRule(key, rule, context),
    );
    return units.length === 0 ? undefined : units;
  },
});
