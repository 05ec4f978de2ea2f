import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  buildCheck,
  type LogLine,
  runCheck,
  type TestMessage,
  tableResolver,
} from '../../../test/helpers/check-table.ts';
import { memoryMetrics, silentLog } from '../../../test/helpers/clock-and-metrics.ts';
import { startDnsServer } from '../../../test/helpers/dns-server.ts';
import { storeDrivers } from '../../../test/helpers/store-drivers.ts';
import {
  type AuthenticationState,
  ConfigError,
  type DkimOutcome,
  type SpfOutcome,
  type Store,
  StoreError,
} from '../../core/index.ts';
import { createResolver } from '../../dns/index.ts';
import { parseIp } from '../../lib/index.ts';
import { dmarc } from './check.ts';

const noStore = {} as Store;
type Zone = Parameters<typeof tableResolver>[0];

function spfOf(text: string): SpfOutcome {
  const [result, domain = 'example.com', mechanism] = text.split(' ') as [
    SpfOutcome['result'],
    string,
    string?,
  ];
  const clientIp = parseIp('198.51.100.7')!;
  return { result, domain, identity: 'mailfrom', sender: `a@${domain}`, clientIp, mechanism };
}

function dkimOf(text: string): readonly DkimOutcome[] {
  if (text === '') return [];
  return text.split(', ').map((one) => {
    const [result, domain = 'example.com'] = one.split(' ') as [DkimOutcome['result'], string];
    return { result, domain, selector: 's' };
  });
}

interface Case {
  readonly name: string;
  readonly spf?: string;
  readonly dkim?: string;
  readonly arc?: AuthenticationState['arc'];
  /** TXT of `_dmarc.example.com`. */
  readonly policy?: string | readonly string[] | 'servfail' | 'timeout' | 'nxdomain';
  readonly zone?: Zone;
  readonly from?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly message?: TestMessage;
  /** Symbol with its options; undefined: nothing at all. */
  readonly gives: readonly [symbol: string, ...options: string[]] | undefined;
  readonly weight?: number;
  readonly result?: string;
  readonly action?: string;
}

async function scan(one: Case) {
  const { policy = 'nxdomain', from = 'A <a@example.com>', options = {}, message = {}, zone = {} } = one;
  const answer = typeof policy === 'string' && policy.includes('=') ? [policy] : policy;
  const built = await buildCheck(dmarc, options, {
    dns: tableResolver({ 'txt _dmarc.example.com': answer as readonly string[] | 'servfail', ...zone }),
    store: noStore,
  });
  try {
    const raw = `${from === '' ? '' : `From: ${from}\n`}Subject: x\n\nHello.\n`;
    return await built.run({
      raw,
      ...message,
      authentication: {
        ...(one.spf !== '-' && { spf: spfOf(one.spf ?? 'fail') }),
        ...(one.dkim !== '-' && { dkim: dkimOf(one.dkim ?? '') }),
        ...(one.arc && { arc: one.arc }),
      },
    });
  } finally {
    await built.close();
  }
}

const reject = 'v=DMARC1; p=reject';
const trusted = (mendsDmarc: boolean): AuthenticationState['arc'] => ({
  result: 'pass',
  sealers: ['lists.example'],
  trusted: { domain: 'lists.example', instance: 1, mendsDmarc },
});

const table: readonly Case[] = [
  {
    name: 'SPF stands for the domain',
    spf: 'pass',
    policy: reject,
    gives: ['DMARC_POLICY_ALLOW', 'example.com', 'reject'],
    result: 'pass',
  },
  {
    name: 'DKIM of a subdomain stands for the domain',
    spf: 'pass mailer.example.net',
    dkim: 'fail example.com, pass news.example.com',
    policy: 'v=DMARC1; p=none',
    gives: ['DMARC_POLICY_ALLOW', 'example.com', 'none'],
    result: 'pass',
  },
  {
    name: 'SPF that lets everybody send',
    spf: 'pass example.com all',
    policy: reject,
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
    result: 'fail',
  },
  {
    name: 'SPF stands for the domain, DKIM was left out',
    spf: 'pass',
    dkim: '-',
    policy: reject,
    gives: ['DMARC_POLICY_ALLOW', 'example.com', 'reject'],
    result: 'pass',
  },
  { name: 'SPF fails, DKIM was left out', dkim: '-', policy: reject, gives: undefined },
  {
    name: 'DKIM stands for the domain, there is no client',
    spf: '-',
    dkim: 'pass',
    policy: reject,
    message: { envelope: { clientIp: undefined } },
    gives: ['DMARC_POLICY_ALLOW', 'example.com', 'reject'],
    result: 'pass',
  },
  {
    name: 'nobody signed, there is no client',
    spf: '-',
    policy: reject,
    message: { envelope: { clientIp: undefined } },
    gives: undefined,
  },
  {
    name: 'DKIM stands for the domain, SPF left the client out',
    spf: '-',
    dkim: 'pass',
    policy: reject,
    gives: undefined,
  },
  {
    name: 'only others signed and sent',
    spf: 'pass mailer.example.net',
    policy: reject,
    gives: ['DMARC_POLICY_REJECT', 'example.com : SPF not aligned (relaxed), No valid DKIM', 'reject'],
    result: 'fail',
  },
  {
    name: 'strict alignment',
    spf: 'pass b.example.com',
    dkim: 'pass b.example.com',
    policy: 'v=DMARC1; p=quarantine; adkim=s; aspf=s',
    gives: [
      'DMARC_POLICY_QUARANTINE',
      'example.com : SPF not aligned (strict), DKIM not aligned (strict)',
      'quarantine',
    ],
    result: 'fail',
  },
  {
    name: 'a failure that the domain lets pass',
    policy: 'v=DMARC1; p=none',
    gives: ['DMARC_POLICY_SOFTFAIL', 'example.com : No valid SPF, No valid DKIM', 'none'],
    result: 'fail',
  },
  {
    name: 'a subdomain under sp',
    from: 'a@news.example.com',
    policy: 'v=DMARC1; p=none; sp=reject',
    zone: { 'a news.example.com': ['192.0.2.1'] },
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
    result: 'fail',
  },
  {
    name: 'a subdomain that does not exist under np',
    from: 'a@none.example.com',
    policy: 'v=DMARC1; p=none; np=reject',
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
    result: 'fail',
  },
  {
    name: 'an internationalised domain',
    from: 'a@BÜCHER.example',
    zone: { 'txt _dmarc.xn--bcher-kva.example': [reject] },
    spf: 'pass xn--bcher-kva.example',
    gives: ['DMARC_POLICY_ALLOW', 'xn--bcher-kva.example', 'reject'],
    result: 'pass',
  },
  { name: 'no policy', from: 'a@b.example.com', gives: ['DMARC_NA', 'example.com'], result: 'none' },
  {
    name: 'no DNS',
    policy: 'servfail',
    gives: ['DMARC_DNSFAIL', 'example.com : server fail'],
    result: 'temperror',
  },
  {
    name: 'slow DNS',
    policy: 'timeout',
    gives: ['DMARC_DNSFAIL', 'example.com : query timed out'],
    result: 'temperror',
  },
  {
    name: 'SPF could not be checked',
    spf: 'temperror',
    policy: reject,
    gives: ['DMARC_DNSFAIL', 'example.com : SPF/DKIM temp error', 'reject'],
    result: 'temperror',
  },
  {
    name: 'two policies',
    policy: [reject, 'v=DMARC1; p=none'],
    gives: ['DMARC_BAD_POLICY', 'example.com : Multiple policies defined in DNS'],
    result: 'permerror',
  },
  {
    name: 'a policy that is none',
    policy: 'v=DMARC1; p=block',
    gives: ['DMARC_BAD_POLICY', 'example.com : p tag has invalid value'],
    result: 'permerror',
  },
  {
    name: 'two authors',
    from: 'a@example.com, b@example.org',
    policy: reject,
    gives: ['DMARC_NA', 'Duplicate From header'],
    result: 'none',
  },
  {
    name: 'two fields From',
    from: 'a@example.com\nFrom: b@example.org',
    policy: reject,
    gives: ['DMARC_NA', 'Duplicate From header'],
    result: 'none',
  },
  { name: 'no From', from: '', gives: ['DMARC_NA', 'No From header'], result: 'none' },
  {
    name: 'From without a domain',
    from: 'root',
    gives: ['DMARC_NA', 'No domain in From header'],
    result: 'none',
  },
  {
    name: 'reject outside of pct',
    policy: `${reject}; pct=0`,
    gives: ['DMARC_POLICY_QUARANTINE', 'example.com : No valid SPF, No valid DKIM', 'reject', 'sampled_out'],
    result: 'fail',
  },
  {
    name: 'quarantine outside of pct',
    policy: 'v=DMARC1; p=quarantine; pct=0',
    gives: [
      'DMARC_POLICY_SOFTFAIL',
      'example.com : No valid SPF, No valid DKIM',
      'quarantine',
      'sampled_out',
    ],
    result: 'fail',
  },
  {
    name: 'pct of a domain that is not sampled here',
    policy: `${reject}; pct=0`,
    options: { no_sampling_domains: ['example.com'] },
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject', 'local_policy'],
    result: 'fail',
  },
  {
    name: 'a trusted sealer vouches',
    policy: reject,
    arc: trusted(true),
    options: { actions: { reject: 'reject' } },
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject', 'ARC trusted'],
    weight: 0.1,
    result: 'fail',
  },
  {
    name: 'a sealer that saw no pass',
    policy: reject,
    arc: trusted(false),
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
    result: 'fail',
  },
  {
    name: 'an action for reject',
    policy: reject,
    options: { actions: { reject: 'add_header' } },
    gives: ['DMARC_POLICY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
    action: 'add header',
  },
  {
    name: 'an action for a missing policy',
    options: { actions: { na: 'greylist', dnsfail: 'soft reject' } },
    gives: ['DMARC_NA', 'example.com'],
    action: 'greylist',
  },
  {
    name: 'an action for DNS',
    policy: 'servfail',
    options: { actions: { dnsfail: 'soft reject' } },
    gives: ['DMARC_DNSFAIL', 'example.com : server fail'],
    action: 'soft reject',
  },
  {
    name: 'a symbol of another name',
    policy: reject,
    options: { symbols: { reject: 'MY_REJECT', spf_allow_symbol: 'MY_SPF' } },
    gives: ['MY_REJECT', 'example.com : No valid SPF, No valid DKIM', 'reject'],
    result: 'fail',
  },
  { name: 'SPF was not checked', spf: '-', policy: reject, gives: undefined },
  { name: 'a login', policy: reject, message: { way: 'authenticated' }, gives: undefined },
  { name: 'a local address', policy: reject, message: { way: 'local' }, gives: undefined },
  {
    name: 'a login under check_authed',
    policy: reject,
    spf: 'pass',
    message: { way: 'authenticated' },
    options: { check_authed: true },
    gives: ['DMARC_POLICY_ALLOW', 'example.com', 'reject'],
    result: 'pass',
  },
  {
    name: 'a local address under check_local',
    policy: reject,
    spf: 'pass',
    message: { way: 'local' },
    options: { check_local: true },
    gives: ['DMARC_POLICY_ALLOW', 'example.com', 'reject'],
    result: 'pass',
  },
];

describe('policy', () => {
  for (const one of table) {
    test(`${one.name}: ${one.gives?.[0] ?? 'nothing'}`, async () => {
      const run = await scan(one);
      const [symbol, ...options] = one.gives ?? [];
      assert.deepEqual(run.hits, symbol === undefined ? [] : [{ symbol, weight: one.weight ?? 1, options }]);
      assert.deepEqual(
        run.preResults.map(({ action, message, module, isLeast }) => [action, message, module, isLeast]),
        one.action === undefined ? [] : [[one.action, 'Action set by DMARC', 'dmarc', true]],
      );
      if (one.gives === undefined) assert.equal(run.task.authentication.dmarc, undefined);
      else if (one.result !== undefined) assert.equal(run.task.authentication.dmarc?.result, one.result);
    });
  }

  test('what was found is left for others', async () => {
    const { task } = await scan({
      name: '',
      spf: 'pass example.net',
      from: 'a@x.example.com',
      policy: `${reject}; sp=quarantine; pct=0`,
      gives: undefined,
    });
    assert.deepEqual(task.authentication.dmarc, {
      result: 'fail',
      domain: 'x.example.com',
      policy: 'quarantine',
      disposition: 'none',
      policyDomain: 'example.com',
      isSpfAligned: false,
      isDkimAligned: false,
      reason: 'SPF not aligned (relaxed), No valid DKIM',
    });
  });

  test('actions that do not exist are errors', async () => {
    await assert.rejects(buildCheck(dmarc, { actions: { reject: 'explode' } }), ConfigError);
  });
});

describe('rewriting From for lists', () => {
  const pass = { name: '', spf: 'pass', policy: reject, gives: undefined } as const;
  const lists = { list_map: ['list@lists.example'] };
  const listMail = (header: string): TestMessage => ({ raw: `${header}\nSubject: x\n\nHello.\n` });
  const munge = async (munging: object, header: string, more: Partial<Case> = {}) => {
    const run = await scan({ ...pass, ...more, options: { munging }, message: listMail(header) });
    const { addHeaders, removeHeaders } = run.task.milter;
    return {
      symbols: run.hits.filter(({ symbol }) => symbol === 'DMARC_MUNGED').map(({ options }) => options[0]),
      added: addHeaders.map(({ name, value, order }) => `${order} ${name}: ${value}`),
      removed: removeHeaders.map(({ name }) => name),
    };
  };
  const untouched = { symbols: [], added: [], removed: [] };
  const toList = 'From: "Doe, Ann" <ann@example.com>\nTo: x@example.org\nCc: List@Lists.Example';

  test('the list becomes the author, the author gets the replies', async () => {
    assert.deepEqual(await munge(lists, toList), {
      symbols: ['ann@example.com'],
      added: [
        '1 From: "Doe, Ann via List" <List@Lists.Example>',
        '0 X-Original-From: "Doe, Ann" <ann@example.com>',
        '0 Reply-To: ann@example.com',
      ],
      removed: ['From'],
    });
  });

  test('replies go to the list, besides where they went already', async () => {
    const header =
      'From: ann@example.com\nReply-To: =?utf-8?Q?J=C3=B6?= <joe@example.com>\nTo: list@lists.example';
    assert.deepEqual(await munge({ ...lists, reply_goes_to_list: true }, header), {
      symbols: ['ann@example.com'],
      added: [
        '1 From: ann via list <list@lists.example>',
        '0 X-Original-From: ann@example.com',
        '0 Reply-To: =?utf-8?Q?J=C3=B6?= <joe@example.com>, list@lists.example',
      ],
      removed: ['From', 'Reply-To'],
    });
  });

  test('without munge_from only Reply-To is written', async () => {
    assert.deepEqual(
      await munge({ ...lists, munge_from: false }, 'From: a@example.com\nTo: list@lists.example'),
      {
        symbols: ['a@example.com'],
        added: ['0 Reply-To: a@example.com'],
        removed: [],
      },
    );
  });

  test('a name that is not ASCII is encoded, and cannot add header fields', async () => {
    const header =
      'From: =?utf-8?Q?J=C3=B6rg=0D=0ABcc:_x@example.org?= <a@example.com>\nTo: list@lists.example';
    const { added } = await munge(lists, header);
    assert.match(
      added[0]!,
      /^1 From: =\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=(?: =\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=)* <list@lists\.example>$/,
    );
    assert.ok(added.every((line) => !/[\r\n]/.test(line)));
  });

  test('mail to others, from the list itself, that fails, or of a lax domain is left alone', async () => {
    assert.deepEqual(await munge(lists, 'From: a@example.com\nTo: x@example.org'), untouched);
    assert.deepEqual(await munge(lists, toList, { spf: 'fail' }), untouched);
    assert.deepEqual(await munge(lists, toList, { policy: 'nxdomain' }), untouched);
    assert.deepEqual(
      await munge({ ...lists, mitigate_strict_only: true }, toList, { policy: 'v=DMARC1; p=none' }),
      untouched,
    );
    assert.deepEqual(
      await munge({ list_map: ['ann@example.com'] }, 'From: ann@example.com\nTo: ann@example.com'),
      untouched,
    );
  });

  test('with mitigate_allow_only = false mail that fails is rewritten too', async () => {
    const { symbols } = await munge({ ...lists, mitigate_allow_only: false }, toList, { spf: 'fail' });
    assert.deepEqual(symbols, ['ann@example.com']);
  });

  test('a condition over maps decides', async () => {
    const condition = (map: readonly string[]) => ({
      ...lists,
      munge_map_condition: {
        rules: { OURS: { selector: 'from("mime"):domain', map } },
        expression: '!OURS',
      },
    });
    assert.deepEqual((await munge(condition(['example.net']), toList)).symbols, ['ann@example.com']);
    assert.deepEqual(await munge(condition(['example.com']), toList), untouched);
  });

  test('a section that cannot work is an error', async () => {
    const rule = { rules: { A: { selector: 'ip', map: ['x'] } } };
    for (const munging of [
      {},
      { ...lists, munge_map_condition: { ...rule, expression: 'A & B' } },
      {
        ...lists,
        munge_map_condition: { rules: { A: { selector: 'ip', map: ['x'], type: 'tree' } }, expression: 'A' },
      },
    ])
      await assert.rejects(buildCheck(dmarc, { munging }), ConfigError);
  });
});

describe('rows for reports', () => {
  const reporting = { enabled: true, email: 'dmarc@example.net', domain: 'example.net', org_name: 'Example' };
  const policy = 'v=DMARC1; p=quarantine; rua=mailto:r@example.com';
  const dns = tableResolver({ 'txt _dmarc.example.com': [policy] });
  const authenticate = (text = 'softfail bounce.example.org') => ({
    authentication: {
      spf: spfOf(text),
      dkim: dkimOf('pass example.org, fail example.com, temperror a.example, neutral b.example'),
    },
  });

  for (const [name, start] of storeDrivers()) {
    test(`one for each message, in Rspamd's keys, on ${name}`, async () => {
      const driver = await start();
      const built = await buildCheck(dmarc, { reporting }, { dns, store: driver.store });
      await built.run(authenticate());
      await built.run(authenticate());
      await built.run(authenticate('pass example.com'));
      await built.close();
      assert.deepEqual(
        await driver.store.sortedRange('dmarc_rpt;example.com;mailto:r@example.com;20231114', 0, -1),
        [
          {
            member:
              '198.51.100.7,pass,fail,none,,example.com,example.org,example.com,a.example,b.example,example.com,pass',
            score: 1,
          },
          {
            member:
              '198.51.100.7,fail,fail,quarantine,,example.com,example.org,example.com,a.example,b.example,bounce.example.org,softfail',
            score: 2,
          },
        ],
      );
      await driver.close();
    });
  }

  test('none for those who are excluded, ask for none, or scan by hand', async () => {
    const written: string[] = [];
    const store = {
      run: async (_: unknown, [key]: readonly string[]) => written.push(key!),
    } as unknown as Store;
    const count = async (options: object, message: TestMessage = {}, zone?: Zone): Promise<number> => {
      written.length = 0;
      const { reporting: more = {}, ...rest } = options as { reporting?: object };
      await runCheck(
        dmarc,
        { reporting: { ...reporting, ...more }, ...rest },
        { ...authenticate(), ...message },
        { dns: zone ? tableResolver(zone) : dns, store },
      );
      return written.length;
    };
    assert.equal(await count({}), 2);
    assert.equal(await count({}, {}, { 'txt _dmarc.example.com': [reject] }), 0);
    assert.equal(await count({ no_reporting_domains: ['example.com'] }), 0);
    assert.equal(await count({ reporting: { exclude_domains: ['example.com'] } }), 0);
    assert.equal(await count({ reporting: { only_domains: ['example.org'] } }), 0);
    assert.equal(await count({ reporting: { only_domains: ['example.com'] } }), 2);
    assert.equal(await count({ reporting: { exclude_rua_addresses: ['r@example.com'] } }), 0);
    assert.equal(await count({ reporting: { exclude_recipients: ['rcpt@example.org'] } }), 0);
    assert.equal(await count({ reporting: { exclude_recipients: ['example.org'] } }), 0);
    assert.equal(await count({}, { envelope: { door: 'controller' } }), 0);
    assert.equal(await count({}, { envelope: { userAgent: 'rspamc' } }), 0);
    assert.equal(
      await count({ reporting: { report_local_controller: true } }, { envelope: { door: 'controller' } }),
      2,
    );
    assert.equal(await count({}, { way: 'authenticated' }), 0);
  });

  test('a store that is out loses rows, never mail, and is told once', async () => {
    const log: LogLine[] = [];
    const store = { run: () => Promise.reject(new StoreError('away')) } as unknown as Store;
    const built = await buildCheck(dmarc, { reporting }, { dns, store, log });
    const run = await built.run(authenticate());
    await built.run(authenticate());
    await built.close();
    assert.deepEqual(run.symbols, ['DMARC_POLICY_QUARANTINE']);
    assert.equal(log.filter(({ level }) => level === 'error').length, 1);
  });

  test('reports that could never be sent are told at load', async () => {
    const built = await buildCheck(dmarc, { reporting: { enabled: true } }, { store: noStore });
    assert.deepEqual(
      built.warnings.map((warning) => warning.split(':')[0]),
      ['reporting.email', 'reporting.domain', 'reporting.org_name'],
    );
    await built.close();
  });
});

test('policies are asked of a real DNS server', async () => {
  const server = await startDnsServer(
    {
      '_dmarc.example.com': {
        txt: [`${reject}; rua=mailto:${'a'.repeat(60)}@example.com,${'mailto:b@example.com,'.repeat(30)}`],
      },
    },
    { misbehaviour: { '_dmarc.example.org': 'servfail', '_dmarc.example.com': 'truncate' } },
  );
  const resolver = createResolver({
    dns: {
      nameservers: [server.address],
      rotation: 'round-robin',
      timeoutMs: 500,
      retransmits: 1,
      fakeRecords: [],
      hosts: [],
    },
    log: silentLog,
    metrics: memoryMetrics(),
    clock: Date,
  });
  const symbols = async (from: string) => {
    const run = await runCheck(
      dmarc,
      {},
      {
        raw: `From: ${from}\n\nHello.\n`,
        authentication: { spf: spfOf('fail'), dkim: [] },
      },
      { dns: resolver, store: noStore },
    );
    return run.symbols;
  };
  assert.deepEqual(await symbols('a@x.example.com'), ['DMARC_POLICY_REJECT']);
  assert.deepEqual(await symbols('a@example.org'), ['DMARC_DNSFAIL']);
  assert.deepEqual(await symbols('a@example.net'), ['DMARC_NA']);
  resolver.close();
  await server.close();
});
