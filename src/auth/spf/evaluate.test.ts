import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DnsAnswer, Resolver } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { evaluateSpf, type SpfOptions, type SpfRequest } from './evaluate.ts';
import { parseMacros } from './macro.ts';
import { PolicyCache } from './policies.ts';
import { parsePolicy } from './record.ts';

type Zone = Readonly<Record<string, readonly string[] | DnsAnswer['status']>>;

/** Answers from a table keyed `type name`, and remembers what was asked. */
function zone(table: Zone, asked: string[] = []): Resolver {
  return {
    async resolve(name, type) {
      asked.push(`${type} ${name}`);
      const found = table[`${type} ${name}`] ?? table[`${type} *`] ?? 'nxdomain';
      if (typeof found === 'string') return { status: found, records: [], ttlSeconds: 0 };
      return { status: 'ok', records: found, ttlSeconds: 60 };
    },
  };
}

const limits = { maxNesting: 10, maxRequests: 30, maxExpansions: 100 };

function evaluate(
  table: Zone | Resolver,
  request: Partial<SpfRequest> & { readonly ip?: string } = {},
  options: Partial<SpfOptions> = {},
): ReturnType<typeof evaluateSpf> {
  const { ip = '192.0.2.1', ...rest } = request;
  return evaluateSpf(
    { clientIp: parseIp(ip)!, domain: 'example.com', local: 'joe', helo: 'mail.example.com', ...rest },
    {
      dns: typeof table['resolve'] === 'function' ? (table as Resolver) : zone(table as Zone),
      limits,
      timeoutMs: 5_000,
      asksIpv6: true,
      nowMs: 0,
      ...options,
    },
  );
}

const policy = (text: string): Zone => ({ 'txt example.com': [text] });

test('the mechanism is named as the innermost record spells it', async () => {
  const outcome = await evaluate({
    'txt example.com': ['v=spf1 include:a.example redirect=b.example'],
    'txt a.example': ['v=spf1 ?ip4:198.51.100.1 IP4:192.0.2.0/24 -all'],
  });
  assert.deepEqual(
    { result: outcome.result, mechanism: outcome.mechanism, record: outcome.record },
    {
      result: 'pass',
      mechanism: 'IP4:192.0.2.0/24',
      record: 'v=spf1 include:a.example redirect=b.example',
    },
  );
});

test('policies that include each other in a circle are an error after a bounded number of questions', async () => {
  for (const maxNesting of [3, 10]) {
    const asked: string[] = [];
    const dns = zone(
      {
        'txt example.com': ['v=spf1 include:a.example -all'],
        'txt a.example': ['v=spf1 include:example.com -all'],
      },
      asked,
    );
    const outcome = await evaluate(dns, {}, { limits: { ...limits, maxNesting } });
    assert.equal(outcome.result, 'permerror');
    assert.equal(asked.length, maxNesting + 1);
  }
});

test('a policy that redirects to itself is an error', async () => {
  assert.equal((await evaluate(policy('v=spf1 redirect=example.com'))).result, 'permerror');
});

test('the number of questions, of hosts and of addresses is bounded', async () => {
  const hosts = Array.from({ length: 10 }, (_, i) => `10 mx${i}.example`);
  const table: Zone = {
    'txt example.com': ['v=spf1 mx mx:b.example mx:c.example mx:d.example -all'],
    'mx *': hosts,
    'a *': ['198.51.100.1'],
  };
  const asked: string[] = [];
  const outcome = await evaluate(zone(table, asked));
  assert.deepEqual([outcome.result, outcome.reason], ['permerror', 'too many DNS requests']);
  assert.equal(asked.length, limits.maxRequests);
  const many: Zone = {
    ...policy('v=spf1 a -all'),
    'a example.com': Array.from({ length: 200 }, (_, i) => `198.51.100.${i}`),
  };
  const second = await evaluate(many);
  assert.deepEqual([second.result, second.reason], ['permerror', 'too many hosts and addresses']);
});

test('without time left the result is temperror, and nobody is asked', async () => {
  const asked: string[] = [];
  const outcome = await evaluate(zone(policy('v=spf1 +all'), asked), {}, { timeoutMs: 0 });
  assert.deepEqual([outcome.result, outcome.reason, asked.length], ['temperror', 'out of time', 0]);
});

test('every kind of failure of DNS is temperror, absence is none', async () => {
  for (const status of ['servfail', 'refused', 'formerr', 'notimp', 'timeout', 'network'] as const) {
    assert.equal((await evaluate({ 'txt example.com': status })).result, 'temperror', status);
    assert.equal(
      (await evaluate({ ...policy('v=spf1 a -all'), 'a example.com': status })).result,
      'temperror',
      status,
    );
  }
  assert.equal((await evaluate({ 'txt example.com': 'nodata' })).result, 'none');
  assert.equal((await evaluate({})).result, 'none');
});

test('IPv6 addresses are not asked for where that is switched off', async () => {
  const asked: string[] = [];
  const dns = zone({ ...policy('v=spf1 a ptr ip6:2001:db8::/32 -all'), 'aaaa *': ['2001:db8::1'] }, asked);
  const outcome = await evaluate(dns, { ip: '2001:db8::1' }, { asksIpv6: false });
  assert.deepEqual([outcome.result, outcome.mechanism], ['pass', 'ip6:2001:db8::/32']);
  assert.deepEqual(
    asked.filter((question) => question.startsWith('aaaa')),
    [],
  );
});

test('an IPv4 client never matches ip6, whatever the network', async () => {
  for (const term of ['ip6:::/0', 'ip6:::ffff:192.0.2.1', 'ip6:::ffff:0:0/96']) {
    assert.equal((await evaluate(policy(`v=spf1 ${term} ?all`))).mechanism, 'all', term);
  }
});

test("the domain's own words are fetched only on demand", async () => {
  const table = {
    ...policy('v=spf1 -all exp=why.%{d}'),
    'txt why.example.com': ['%{i} may not send as %{s}, says %{r} at %{t}'],
  };
  assert.equal((await evaluate(table)).explanation, undefined);
  const { explanation } = await evaluate(table, {}, { explainAs: 'mx.example.org', nowMs: 5_999 });
  assert.equal(explanation, '192.0.2.1 may not send as joe@example.com, says mx.example.org at 5');
});

test('a policy is asked for again when its time is over, and at most so many are kept', async () => {
  let nowMs = 0;
  const policies = new PolicyCache({
    maxPolicies: 2,
    maxAgeMs: 1_000_000,
    minAgeMs: 300_000,
    clock: { now: () => nowMs },
  });
  const asked: string[] = [];
  const dns = zone({ 'txt *': ['v=spf1 +all'] }, asked);
  const ask = async (domain: string): Promise<boolean> =>
    (await evaluate(dns, { domain }, { policies })).isCached;
  assert.equal(await ask('a.example'), false);
  assert.equal(await ask('A.example.'), true);
  nowMs = 299_999;
  assert.equal(await ask('a.example'), true);
  nowMs = 300_000;
  assert.equal(await ask('a.example'), false);
  await ask('b.example');
  await ask('a.example');
  await ask('c.example');
  assert.equal(policies.size, 2);
  assert.equal(await ask('a.example'), true);
  assert.equal(await ask('b.example'), false);
  assert.equal(asked.length, 5);
});

test('huge records are read but not kept', async () => {
  const policies = new PolicyCache({
    maxPolicies: 10,
    maxAgeMs: 1_000_000,
    minAgeMs: 1_000,
    clock: { now: () => 0 },
  });
  const terms = Array.from({ length: 4_000 }, (_, i) => `ip4:10.0.${i >> 8}.${i & 255}`).join(' ');
  const outcome = await evaluate(policy(`v=spf1 ${terms} ip4:192.0.2.1 -all`), {}, { policies });
  assert.equal(outcome.result, 'pass');
  assert.equal(policies.size, 0);
});

const results = new Set(['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror']);

/** Texts that look like records more often than chance would. */
const term = fc.oneof(
  fc.constantFrom(
    'all',
    '-all',
    'a',
    'mx',
    'ptr',
    'include:%{d}',
    'include:b.example',
    'redirect=%{o}',
    'exists:%{ir}.%{v}.%{p}.example',
    'exp=%{l1r-}.example.com',
    'a:%{H}/24//64',
    'ip4:192.0.2.0/24',
    'ip6:::1',
    'x=%{',
  ),
  fc.string({ maxLength: 30, unit: 'binary' }),
);
const record = fc.oneof(
  fc.array(term, { maxLength: 20 }).map((terms) => `v=spf1 ${terms.join(' ')}`),
  fc.string({ maxLength: 300, unit: 'binary' }),
);

test('whatever DNS and the client say, the result is one of seven and comes after a bounded number of questions', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 2 }),
      fc.array(record, { maxLength: 2 }),
      fc.array(fc.string({ maxLength: 60, unit: 'binary' }), { maxLength: 12 }),
      fc.constantFrom('192.0.2.1', '2001:db8::1'),
      fc.oneof(fc.constant('example.com'), fc.string({ maxLength: 80, unit: 'binary' })),
      fc.string({ maxLength: 80, unit: 'binary' }),
      async (own, others, values, ip, domain, local) => {
        const asked: string[] = [];
        const table: Zone = {
          'txt example.com': own,
          'txt *': others,
          'a *': [...values, '192.0.2.1'],
          'aaaa *': values,
          'mx *': values.map((value) => `10 ${value}`),
          'ptr *': [...values, 'mail.example.com'],
        };
        const outcome = await evaluate(
          zone(table, asked),
          { ip, domain, local, helo: local },
          { explainAs: 'r' },
        );
        assert.ok(results.has(outcome.result));
        assert.ok(asked.length <= limits.maxRequests);
      },
    ),
    { numRuns: 300 },
  );
});

test('records and macros of any text are read or refused', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 500, unit: 'binary' }), (text) => {
      parsePolicy(`v=spf1 ${text}`);
      parseMacros(text, 'explanation');
    }),
    { numRuns: 300 },
  );
});
