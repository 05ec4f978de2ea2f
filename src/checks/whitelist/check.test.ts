import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  buildCheck,
  type CheckOptions,
  type CheckRun,
  type TestHit,
  type TestMessage,
  testTask,
} from '../../../test/helpers/check-table.ts';
import type { AuthenticationState, DkimOutcome, InsertHit, SpfResult } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { whitelist } from './check.ts';
import { readListing } from './judge.ts';

const spf = (result: SpfResult, domain = 'mail.good.example', mechanism = 'mx'): AuthenticationState => ({
  spf: {
    result,
    domain,
    identity: 'mailfrom',
    sender: `a@${domain}`,
    clientIp: parseIp('198.51.100.7')!,
    mechanism,
  },
});
const dkim = (...signatures: readonly `${DkimOutcome['result']} ${string}`[]): AuthenticationState => ({
  dkim: signatures.map((text) => {
    const [result, domain = ''] = text.split(' ');
    return { result: result as DkimOutcome['result'], domain, selector: 's' };
  }),
});
const dmarc = (
  result: NonNullable<AuthenticationState['dmarc']>['result'],
  domain = 'mail.good.example',
): AuthenticationState => ({ dmarc: { result, domain } });

const domains = {
  'good.example': '',
  'twice.example': '2.0',
  'both.example': 'both:',
  'bad.example': 'bl:0.5',
  'only.sub.example': 'both:3',
};
const rules = {
  WHITELIST_SPF: { valid_spf: true, domains, score: -1, inverse_symbol: 'BLACKLIST_SPF' },
  WHITELIST_DKIM: { valid_dkim: true, domains, score: -1, inverse_symbol: 'BLACKLIST_DKIM' },
  WHITELIST_SPF_DKIM: {
    valid_spf: true,
    valid_dkim: true,
    domains,
    score: -3,
    inverse_symbol: 'BLACKLIST_SPF_DKIM',
  },
  WHITELIST_DMARC: { valid_dmarc: true, domains, score: -7, inverse_symbol: 'BLACKLIST_DMARC' },
};

/** Runs the check over a message of which other checks have found this. */
async function run(
  config: Record<string, unknown>,
  state: AuthenticationState,
  message: TestMessage = {},
  options: CheckOptions = {},
): Promise<{ readonly hits: readonly TestHit[]; readonly score: number }> {
  const built = await buildCheck(whitelist, config, options);
  const { task } = testTask(message);
  Object.assign(task.authentication, state);
  const hits: TestHit[] = [];
  let score = 0;
  const hit: InsertHit<string> = (symbol, weight = 1, ...texts) => {
    hits.push({ symbol, weight, options: texts });
    score += weight * (built.declared.get(symbol)?.score ?? Number.NaN);
  };
  for (const unit of built.units) await unit.run(task, hit);
  await built.close();
  return { hits, score };
}

const texts = (hits: CheckRun['hits']): readonly string[] =>
  hits.map(({ symbol, weight, options }) => [symbol, weight, ...options].join(' '));

const table: readonly [what: string, state: AuthenticationState, expected: readonly string[]][] = [
  ['nothing was checked', {}, []],
  ['SPF of a listed domain', spf('pass'), ['WHITELIST_SPF 1 good.example:s:+']],
  ['SPF of a domain with a multiplier', spf('pass', 'twice.example'), ['WHITELIST_SPF 2 twice.example:s:+']],
  ['SPF of a domain that is not listed', spf('pass', 'other.example'), []],
  ['SPF by +all', spf('pass', 'good.example', 'ALL'), []],
  ['SPF that fails', spf('fail'), []],
  ['SPF that fails, listed both ways', spf('fail', 'both.example'), ['BLACKLIST_SPF 1 both.example:s:-']],
  ['SPF that fails, listed as bad', spf('softfail', 'bad.example'), ['BLACKLIST_SPF 0.5 bad.example:s:-']],
  ['SPF that passes, listed as bad', spf('pass', 'bad.example'), []],
  ['SPF by +all, listed both ways', spf('pass', 'both.example', 'all'), ['BLACKLIST_SPF 1 both.example:s:-']],
  ['no policy, listed both ways', spf('none', 'both.example'), ['BLACKLIST_SPF 1 both.example:s:-']],
  ['DNS that failed, listed both ways', spf('temperror', 'both.example'), []],
  ['a signature', dkim('pass mail.good.example'), ['WHITELIST_DKIM 1 good.example:d:+']],
  ['no signature', dkim(), []],
  ['a broken signature', dkim('fail good.example'), []],
  ['a broken signature, listed both ways', dkim('fail both.example'), ['BLACKLIST_DKIM 1 both.example:d:-']],
  [
    'two signatures',
    dkim('pass other.example', 'pass twice.example'),
    ['WHITELIST_DKIM 2 twice.example:d:+'],
  ],
  [
    'a good and a bad one',
    dkim('pass good.example', 'fail bad.example'),
    ['BLACKLIST_DKIM 0.5 good.example:d:+ bad.example:d:-'],
  ],
  ['a key that DNS did not give', dkim('temperror both.example'), []],
  ['a signature that cannot be read', dkim('permerror both.example'), []],
  [
    'SPF and DKIM',
    { ...spf('pass'), ...dkim('pass good.example') },
    [
      'WHITELIST_SPF 1 good.example:s:+',
      'WHITELIST_DKIM 1 good.example:d:+',
      'WHITELIST_SPF_DKIM 1 good.example:d:+ good.example:s:+',
    ],
  ],
  ['SPF, but no signature', { ...spf('pass'), ...dkim() }, ['WHITELIST_SPF 1 good.example:s:+']],
  [
    'SPF, but no signature, listed both ways',
    { ...spf('pass', 'both.example'), ...dkim() },
    ['WHITELIST_SPF 1 both.example:s:+', 'BLACKLIST_SPF_DKIM 1 both.example:s:-'],
  ],
  [
    'a signature, but no SPF',
    { ...spf('fail'), ...dkim('pass good.example') },
    ['WHITELIST_DKIM 1 good.example:d:+'],
  ],
  [
    'a good signature and a broken one of an allowed domain',
    { ...spf('pass'), ...dkim('pass good.example', 'fail twice.example') },
    ['WHITELIST_SPF 1 good.example:s:+', 'WHITELIST_DKIM 1 good.example:d:+'],
  ],
  ['DMARC', dmarc('pass'), ['WHITELIST_DMARC 1 good.example:D:+']],
  ['DMARC that fails', dmarc('fail'), []],
  [
    'DMARC that fails, listed both ways',
    dmarc('fail', 'both.example'),
    ['BLACKLIST_DMARC 1 both.example:D:-'],
  ],
  [
    'no DMARC record, listed both ways',
    dmarc('none', 'both.example'),
    ['BLACKLIST_DMARC 1 both.example:D:-'],
  ],
  ['DNS that failed for DMARC', dmarc('temperror', 'both.example'), []],
  [
    'DMARC of a domain listed as a whole',
    dmarc('pass', 'only.sub.example'),
    ['WHITELIST_DMARC 3 only.sub.example:D:+'],
  ],
];

for (const [what, state, expected] of table) {
  test(`${what}: ${expected.join('; ') || 'nothing'}`, async () => {
    assert.deepEqual(texts((await run({ rules }, state)).hits), expected);
  });
}

const outbound: readonly [
  config: Record<string, unknown>,
  global: NonNullable<CheckOptions['global']>,
  message: TestMessage,
  expected: readonly string[],
][] = [
  [{}, {}, { way: 'inbound' }, ['BLACKLIST_SPF', 'BLACKLIST_DKIM', 'BLACKLIST_SPF_DKIM', 'BLACKLIST_DMARC']],
  [{}, {}, { way: 'authenticated' }, ['BLACKLIST_DKIM']],
  [{}, {}, { way: 'local' }, ['BLACKLIST_DKIM']],
  [{ check_local: true }, {}, { way: 'authenticated' }, ['BLACKLIST_DKIM']],
  [
    { check_local: true },
    {},
    { way: 'local' },
    ['BLACKLIST_SPF', 'BLACKLIST_DKIM', 'BLACKLIST_SPF_DKIM', 'BLACKLIST_DMARC'],
  ],
  [
    {},
    { checkAuthed: true },
    { way: 'authenticated' },
    ['BLACKLIST_SPF', 'BLACKLIST_DKIM', 'BLACKLIST_SPF_DKIM', 'BLACKLIST_DMARC'],
  ],
];
for (const [config, global, message, expected] of outbound) {
  test(`failures of ${message.way} mail with ${JSON.stringify({ ...config, ...global })}: ${expected.join(' ')}`, async () => {
    const state = {
      ...spf('fail', 'both.example'),
      ...dkim('fail both.example'),
      ...dmarc('fail', 'both.example'),
    };
    const { hits } = await run({ rules, ...config }, state, message, { global });
    assert.deepEqual(
      hits.map(({ symbol }) => symbol),
      expected,
    );
  });
}

test('proofs of outbound mail count, where the checks were told to look', async () => {
  const { hits } = await run({ rules }, dmarc('pass'), { way: 'authenticated' });
  assert.deepEqual(texts(hits), ['WHITELIST_DMARC 1 good.example:D:+']);
});

const modes: readonly [what: string, rule: Record<string, unknown>, passes: number, fails: number][] = [
  ['plain', {}, -2, 0],
  ['strict', { strict: true }, -2, 2],
  ['strict, failures count more', { strict: true, inverse_multiplier: 3 }, -2, 6],
  ['blacklist', { blacklist: true, score: 2 }, 0, 2],
  ['strict blacklist', { blacklist: true, strict: true, score: 2 }, 2, 2],
  ['inverse symbol', { strict: true, inverse_symbol: 'OTHER' }, -2, 2],
];
for (const [what, rule, passes, fails] of modes) {
  test(`a rule of kind ${what} gives ${passes} for proof and ${fails} for failure`, async () => {
    const config = { rules: { MINE: { valid_spf: true, domains: ['good.example'], score: -2, ...rule } } };
    assert.equal((await run(config, spf('pass'))).score, passes);
    assert.equal((await run(config, spf('fail'))).score, fails);
  });
}

test('lists may be domains, pairs with a multiplier, or objects', async () => {
  for (const list of [['good.example', ['twice.example', 2]], { 'good.example': 1, 'twice.example': 2 }]) {
    const config = { rules: { MINE: { valid_spf: true, domains: list, score: -1 } } };
    assert.equal((await run(config, spf('pass'))).score, -1);
    assert.equal((await run(config, spf('pass', 'twice.example'))).score, -2);
  }
});

test("Rspamd's rules have its scores and groups; others have their own", async () => {
  const mine = {
    valid_spf: true,
    domains: ['x.example'],
    score: -4,
    inverse_symbol: 'MINE_NOT',
    group: 'own',
  };
  const { declared } = await buildCheck(whitelist, { rules: { ...rules, MINE: mine } });
  const scores = Object.fromEntries(Array.from(declared, ([name, { score }]) => [name, score]));
  assert.deepEqual(scores, {
    WHITELIST_SPF: -1,
    BLACKLIST_SPF: 1,
    WHITELIST_DKIM: -1,
    BLACKLIST_DKIM: 2,
    WHITELIST_SPF_DKIM: -3,
    BLACKLIST_SPF_DKIM: 3,
    WHITELIST_DMARC: -7,
    BLACKLIST_DMARC: 6,
    MINE: -4,
    MINE_NOT: 4,
  });
  assert.deepEqual(declared.get('BLACKLIST_SPF_DKIM')?.groups, ['whitelist', 'spf', 'dkim']);
  assert.deepEqual(declared.get('MINE_NOT')?.groups, ['own']);
});

test('a rule that needs nothing never holds, and says so', async () => {
  const built = await buildCheck(whitelist, { rules: { MINE: { domains: ['good.example'] } } });
  assert.deepEqual(built.units, []);
  assert.match(built.warnings[0] ?? '', /rules\.MINE: the rule never holds/);
});

test('rules run after the checks whose results they read', async () => {
  const { units } = await buildCheck(whitelist, { rules });
  for (const { after = [] } of units)
    for (const name of ['SPF_CHECK', 'DKIM_CHECK', 'DMARC_CHECK']) assert.ok(after.includes(name));
});

test('any value of an entry is read', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40, unit: 'binary' }), fc.boolean(), (value, blacklist) => {
      const { side, multiplier } = readListing(value, { blacklist, strict: false });
      assert.ok(['wl', 'bl', 'both'].includes(side));
      assert.ok(Number.isFinite(multiplier));
    }),
    { numRuns: 300 },
  );
});
