import { type CheckUnit, ConfigError, defineCheck } from '../../core/index.ts';
import { config, rule } from './options.ts';
import { compileRule, SymbolTable } from './rule.ts';

export const multimap = defineCheck({
  name: 'multimap',
  summary: "Looks parts of a message up in the operator's lists and inserts a symbol for what it finds.",
  details: [
    'Every object in the section is a rule by its name. `type` says what is looked up, `filter` which part of it:',
    '',
    '| `type` | Looked up | `filter` |',
    '|---|---|---|',
    '| `ip` | address of the client, among networks | |',
    '| `dnsbl` | address of the client, in the DNS zone `map` | |',
    '| `from`, `rcpt` | envelope addresses, header ones where there are none; whole, domain and local part | `email`, `email:user`, `email:domain`, `email:domain:tld`, `email:name`, `ip_addr`, `regexp:/…/` |',
    '| `helo`, `hostname` | name the client gave; verified name of the client | `tld`, `top`, `regexp:/…/`, `tld:regexp:/…/` |',
    '| `user` | login: the natural type for outbound lists | as `from` |',
    '| `header` | values of the headers named in `header` | as `from`, `full` |',
    '| `received` | a field of each Received header, `real_ip` by default | `real_ip`, `from_ip`, `from_hostname`, `real_hostname`, `by_hostname`, `for`, `proto`, each with `tld:` before it |',
    '| `url` | host of each link | `tld`, `top`, `full`, `path`, `query`, `is_phished`, `is_redirected`, `is_obscured`, `regexp:/…/`, `tld:regexp:/…/`, `full:regexp:/…/`, `template:$host/$path` |',
    '| `filename` | names of attachments and of what archives hold | `extension`, `regexp:/…/` |',
    '| `content` | the message, for expressions (the first 2 Mi characters of each text) | `full`, `headers`, `body`, `text`, `rawtext`, `oneline` |',
    '| `asn`, `country`, `mempool` | variables that other checks leave | `regexp:/(…)/` |',
    '| `symbol_options` | options of `target_symbol` | `regexp:/(…)/` |',
    '| `selector` | values of `selector` | `regexp:/(…)/` |',
    '| `combined` | several maps under an expression | |',
    '| `regexp_rules` | the message, by rules in the language of SpamAssassin | |',
    '',
    'The value of a map entry may be `SYMBOL`, `SCORE`, `SYMBOL:SCORE` or `SYMBOL:SCORE:opt1,opt2`: the score is the',
    "weight of the symbol, and a symbol takes the place of the rule's own. Rules look at mail of every direction.",
    'A rule with `action` forces it before the filters run.',
    '',
    'Type `filename` also looks up the names inside archives, up to three levels deep, and `detected.EXT` for what the bytes',
    'of a file say (`detected.exe`). Links carry no tags.',
    '',
    'The map of `regexp_rules` holds [rules as of SpamAssassin](../../spamassassin.md), and `selector NAME pipeline =~ /…/`.',
    'Metas become symbols (score 1 where the map gives none), other rules only when the map gives them a score.',
  ].join('\n'),
  group: 'multimap',
  stage: 'filter',
  direction: 'both',
  needs: [],
  config,
  symbols: {},
  create(context) {
    const table = new SymbolTable(context);
    const units: CheckUnit<never>[] = [];
    const problems: ConfigError['problems'][number][] = [];
    for (const [name, options] of Object.entries(context.config)) {
      // Everything that is no option of the section itself went through the schema of rules.
      if (name in config.shape) continue;
      try {
        const unit = compileRule(name, rule.parse(options), table, context);
        if (unit) units.push(unit);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems.push(...error.problems);
      }
    }
    if (problems.length > 0) throw new ConfigError(problems);
    return units.length === 0 ? undefined : units;
  },
});
