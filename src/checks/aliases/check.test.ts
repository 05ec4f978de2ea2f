import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BuiltCheck,
  buildCheck,
  noMetrics,
  recordingLog,
  runCheck,
  type TestMessage,
} from '../../../test/helpers/check-table.ts';
import { createMaps } from '../../maps/index.ts';
import { createSelectors } from '../../selectors/index.ts';
import { aliases } from './check.ts';

async function built(
  t: TestContext,
  options: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>> = {},
): Promise<BuiltCheck> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-aliases-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const config: Record<string, unknown> = { ...options };
  for (const [option, text] of Object.entries(files)) {
    const path = join(folder, option);
    writeFileSync(path, text);
    config[option] = path;
  }
  const check = await buildCheck(aliases, config);
  t.after(() => check.close());
  return check;
}

const raw = (from: string, to: string, ...more: string[]): string =>
  [`From: ${from}`, `To: ${to}`, ...more, 'Subject: s', '', 'Hello.', ''].join('\n');

const local = { local_domains: ['here.example'] };

const directions: readonly {
  name: string;
  options: Readonly<Record<string, unknown>>;
  message: TestMessage;
  symbols: Readonly<Record<'inbound' | 'authenticated' | 'local', readonly string[]>>;
}[] = [
  {
    name: 'without local domains',
    options: {},
    message: {},
    symbols: { inbound: [], authenticated: ['LOCAL_OUTBOUND'], local: ['LOCAL_OUTBOUND'] },
  },
  {
    name: 'to a local domain',
    options: local,
    message: { rcpts: ['a@else.example', 'b@here.example'] },
    symbols: { inbound: ['LOCAL_INBOUND'], authenticated: ['INTERNAL_MAIL'], local: ['INTERNAL_MAIL'] },
  },
  {
    name: 'from a local domain to others',
    options: local,
    message: { from: 'a@here.example' },
    symbols: {
      inbound: ['LOCAL_OUTBOUND'],
      authenticated: ['LOCAL_OUTBOUND'],
      local: ['LOCAL_OUTBOUND'],
    },
  },
  {
    name: 'from a local domain to itself',
    options: local,
    message: { from: 'a@here.example', rcpts: ['b@here.example'] },
    symbols: { inbound: ['INTERNAL_MAIL'], authenticated: ['INTERNAL_MAIL'], local: ['INTERNAL_MAIL'] },
  },
  {
    name: 'without an envelope, to a local domain',
    options: local,
    message: { rcpts: [], raw: raw('a@example.com', 'B <b@HERE.example>') },
    symbols: { inbound: ['LOCAL_INBOUND'], authenticated: ['INTERNAL_MAIL'], local: ['INTERNAL_MAIL'] },
  },
  {
    name: 'of an empty message with a null sender',
    options: local,
    message: { from: '', raw: '' },
    symbols: { inbound: [], authenticated: ['LOCAL_OUTBOUND'], local: ['LOCAL_OUTBOUND'] },
  },
  {
    name: 'with tags on both sides',
    options: {},
    message: { from: 'a+one@example.com', rcpts: ['b+two+three@example.org', 'b@example.org'] },
    symbols: {
      inbound: ['TAGGED_FROM', 'TAGGED_RCPT'],
      authenticated: ['LOCAL_OUTBOUND', 'TAGGED_FROM', 'TAGGED_RCPT'],
      local: ['LOCAL_OUTBOUND', 'TAGGED_FROM', 'TAGGED_RCPT'],
    },
  },
];

for (const { name, options, message, symbols } of directions) {
  for (const way of ['inbound', 'authenticated', 'local'] as const) {
    test(`mail ${name} gives exactly the symbols of ${way} mail`, async () => {
      const run = await runCheck(aliases, options, { ...message, way });
      assert.deepEqual(run.symbols, symbols[way]);
    });
  }
}

const rewritten: readonly {
  address: string;
  options?: Readonly<Record<string, unknown>>;
  to: string;
  tags?: readonly string[];
}[] = [
  { address: 'user@example.org', to: 'user@example.org' },
  { address: 'user+tag@example.org', to: 'user@example.org', tags: ['tag'] },
  { address: 'User+a+b@Example.ORG', to: 'User@example.org', tags: ['a', 'b'] },
  { address: 'user+@example.org', to: 'user@example.org' },
  { address: '+tag@example.org', to: '+tag@example.org' },
  { address: '"user+tag"@example.org', to: '"user+tag"@example.org' },
  { address: 'user+tag@example.org', options: { enable_plus_aliases: false }, to: 'user+tag@example.org' },
  { address: 'j.o.e+shop@gmail.com', to: 'joe@gmail.com', tags: ['shop'] },
  { address: 'j.oe@googlemail.com', to: 'joe@gmail.com' },
  { address: '...@gmail.com', to: '...@gmail.com' },
  { address: 'j.oe+x@gmail.com', options: { enable_gmail_rules: false }, to: 'j.oe@gmail.com', tags: ['x'] },
  { address: 'j.o.e@gmail.com', options: { apply_to_smtp: false }, to: 'j.o.e@gmail.com' },
];

for (const { address, options = {}, to, tags } of rewritten) {
  test(`the recipient ${address} with ${JSON.stringify(options)} becomes ${to}`, async () => {
    const run = await runCheck(aliases, options, { rcpts: [address] });
    assert.deepEqual(
      run.task.envelope.recipients.map(({ text }) => text),
      [to],
    );
    assert.equal(run.task.originalEnvelope.recipients[0]?.text, address);
    assert.deepEqual(run.hits, tags ? [{ symbol: 'TAGGED_RCPT', weight: 1, options: tags }] : []);
  });
}

test('addresses of the header are corrected too, their names and the message stay', async () => {
  const message: TestMessage = {
    raw: raw('Ann <ann+news@example.com>', 'Bob <b.ob@gmail.com>, c@example.org', 'Cc: d+x@example.org'),
  };
  const { task, hits } = await runCheck(aliases, {}, message);
  assert.deepEqual(
    task.mailboxes.from.map(({ name, text }) => [name, text]),
    [['Ann', 'ann@example.com']],
  );
  assert.deepEqual(
    [...task.mailboxes.to, ...task.mailboxes.cc].map(({ text }) => text),
    ['bob@gmail.com', 'c@example.org', 'd@example.org'],
  );
  assert.equal(task.message.from[0]?.text, 'ann+news@example.com');
  assert.deepEqual(hits, [
    { symbol: 'TAGGED_FROM', weight: 1, options: ['news'] },
    { symbol: 'TAGGED_RCPT', weight: 1, options: ['x'] },
  ]);
  const off = await runCheck(aliases, { apply_to_mime: false }, message);
  assert.equal(off.task.mailboxes.from[0]?.text, 'ann+news@example.com');
  assert.deepEqual(off.symbols, []);
});

test('selectors see what was corrected, and with orig what was written', async (t) => {
  const { task } = await runCheck(
    aliases,
    {},
    {
      from: 'a+b@example.com',
      rcpts: ['c+d@example.org'],
      raw: raw('e+f@example.com', 'g+h@example.org'),
    },
  );
  const maps = createMaps({
    options: {
      mapWatchIntervalMs: 3_600_000,
      mapFileWatchMultiplier: 1,
      maps: { connectTimeoutMs: 500, readTimeoutMs: 500 },
      httpAuth: undefined,
    },
    stateDir: '/nonexistent',
    log: recordingLog(),
    clock: { now: () => 0 },
    metrics: noMetrics,
    mode: 'check',
  });
  t.after(() => maps.close());
  const selectors = createSelectors({ maps, hostName: 'scanner.example' });
  const values = [
    "from('smtp')",
    "from('smtp','orig')",
    "from('mime')",
    "from('mime','orig')",
    "rcpts('smtp')",
    "rcpts('smtp','orig')",
    "rcpts('mime')",
    "rcpts('mime','orig')",
  ].map((text) => selectors.compile(text, { path: [] }).values(task)?.[0]);
  assert.deepEqual(values, [
    'a@example.com',
    'a+b@example.com',
    'e@example.com',
    'e+f@example.com',
    'c@example.org',
    'c+d@example.org',
    'g@example.org',
    'g+h@example.org',
  ]);
});

const systemAliases = `
# aliases(5)
postmaster: root
root:   admin,
   ops@else.example
admin: \\admin
"quoted name": jane
nobody: /dev/null
pipe: |"/usr/bin/program, with comma", jane
loop-a: loop-b
loop-b: loop-a
self: self, copy@else.example
`;

const virtualAliases = `
# virtual(5)
info@here.example   jane@here.example, joe@here.example
@old.example        @here.example
sales               jane
@catch.example      all@here.example
chain@here.example  info@here.example
`;

const resolutions: readonly {
  address: string;
  options?: Readonly<Record<string, unknown>>;
  to: readonly string[];
  steps?: readonly string[];
}[] = [
  { address: 'stranger@here.example', to: ['stranger@here.example'] },
  {
    address: 'PostMaster@here.example',
    to: ['admin@here.example', 'ops@else.example'],
    steps: ['PostMaster@here.example->admin@here.example', 'PostMaster@here.example->ops@else.example'],
  },
  {
    address: 'postmaster@here.example',
    options: { track_chain: true, expand_multiple: false },
    to: ['admin@here.example'],
    steps: ['postmaster@here.example->root@here.example->admin@here.example'],
  },
  { address: 'postmaster@else.example', to: ['postmaster@else.example'] },
  {
    address: 'postmaster',
    to: ['admin', 'ops@else.example'],
    steps: ['postmaster->admin', 'postmaster->ops@else.example'],
  },
  { address: 'nobody@here.example', to: ['nobody@here.example'] },
  {
    address: 'pipe@here.example',
    to: ['jane@here.example'],
    steps: ['pipe@here.example->jane@here.example'],
  },
  {
    address: 'loop-a@here.example',
    to: ['loop-b@here.example'],
    steps: ['loop-a@here.example->loop-b@here.example'],
  },
  {
    address: 'self@here.example',
    to: ['copy@else.example', 'self@here.example'],
    steps: ['self@here.example->copy@else.example'],
  },
  {
    address: 'info+tag@here.example',
    to: ['jane@here.example', 'joe@here.example'],
    steps: ['info+tag@here.example->jane@here.example', 'info+tag@here.example->joe@here.example'],
  },
  {
    address: 'joe@old.example',
    to: ['joe@here.example'],
    steps: ['joe@old.example->joe@here.example'],
  },
  {
    address: 'sales@here.example',
    to: ['jane@here.example'],
    steps: ['sales@here.example->jane@here.example'],
  },
  {
    address: 'x@catch.example',
    to: ['all@here.example'],
    steps: ['x@catch.example->all@here.example'],
  },
  {
    address: 'chain@here.example',
    options: { max_recursion_depth: 1 },
    to: ['info@here.example'],
    steps: ['chain@here.example->info@here.example'],
  },
  {
    address: 'mapped@else.example',
    to: ['jane@here.example', 'x@else.example'],
    steps: ['mapped@else.example->jane@here.example', 'mapped@else.example->x@else.example'],
  },
];

for (const { address, options = {}, to, steps } of resolutions) {
  test(`the alias ${address} with ${JSON.stringify(options)} leads to ${to.join(', ')}`, async (t) => {
    const check = await built(
      t,
      { ...local, apply_to_mime: false, ...options },
      {
        system_aliases: systemAliases,
        virtual_aliases: virtualAliases,
        rspamd_aliases: 'mapped@else.example jane@here.example, x\n',
      },
    );
    const run = await check.run({ rcpts: [address] });
    assert.deepEqual(
      run.task.envelope.recipients.map(({ text }) => text),
      to,
    );
    const found = run.hits.find(({ symbol }) => symbol === 'ALIAS_RESOLVED');
    assert.deepEqual(found?.options, steps);
  });
}

test('a sender is replaced by the one target of an alias, and stays when there are several', async (t) => {
  const check = await built(t, local, { virtual_aliases: virtualAliases });
  const one = await check.run({ from: 'sales@here.example' });
  assert.equal(one.task.envelope.sender?.text, 'jane@here.example');
  const several = await check.run({ from: 'info@here.example' });
  assert.equal(several.task.envelope.sender?.text, 'info@here.example');
  assert.deepEqual(several.symbols, ['LOCAL_OUTBOUND']);
});

test('an alias does not grow the recipients beyond their limit', async () => {
  const targets = Array.from({ length: 900 }, (_, i) => `u${i}@else.example`).join(',');
  const check = await buildCheck(
    aliases,
    { ...local, rspamd_aliases: [`all@here.example ${targets}`], apply_to_mime: false },
    { global: { maxRecipients: 10 } },
  );
  const run = await check.run({ rcpts: ['a@x.example', 'all@here.example', 'b@x.example'] });
  await check.close();
  assert.equal(run.task.envelope.recipients.length, 10);
  assert.equal(run.task.envelope.recipients.at(-1)?.text, 'b@x.example');
});

test('symbols have the names and scores of the options', async () => {
  const check = await buildCheck(aliases, {
    symbol_local_outbound: 'OUT',
    score_local_outbound: 0.5,
    score_tagged_from: 1.5,
  });
  const run = await check.run({ way: 'authenticated', from: 'a+b@example.com' });
  await check.close();
  assert.deepEqual(run.symbols, ['OUT', 'TAGGED_FROM']);
  assert.equal(check.declared.get('OUT')?.score, 0.5);
  assert.equal(check.declared.get('TAGGED_FROM')?.score, 1.5);
});

test('tables that would be asked per look-up are refused', async () => {
  await assert.rejects(
    buildCheck(aliases, {
      local_domains: { external: true, backend: 'http://127.0.0.1:1/', method: 'query' },
    }),
    /asked per look-up/,
  );
});

const forwardings: readonly {
  name: string;
  message: TestMessage;
  hit: readonly [string, ...string[]] | undefined;
}[] = [
  {
    name: 'Google’s mark in the sender',
    message: { from: 'Joe+caf_=rcpt=example.org@gmail.com' },
    hit: ['FWD_GOOGLE', 'joe@gmail.com'],
  },
  {
    name: 'Google’s mark for another recipient',
    message: { from: 'joe+caf_=x=example.org@gmail.com' },
    hit: undefined,
  },
  {
    name: 'Yandex’s header from Yandex’s host',
    message: {
      envelope: { hostName: 'forward1.mail.yandex.net' },
      raw: raw('a@x.example', 'b@x.example', 'X-Yandex-Forward: 1'),
    },
    hit: ['FWD_YANDEX'],
  },
  {
    name: 'Mail.ru’s header from Mail.ru’s host',
    message: {
      envelope: { hostName: 'f1.mail.ru' },
      raw: raw('a@x.example', 'b@x.example', 'X-MailRu-Forward: 1'),
    },
    hit: ['FWD_MAILRU'],
  },
  {
    name: 'Mail.ru’s header from another host',
    message: { raw: raw('a@x.example', 'b@x.example', 'X-MailRu-Forward: 1') },
    hit: undefined,
  },
  {
    name: 'a rewritten sender that names the recipient',
    message: { from: 'SRS0=ab=cd=example.org=rcpt@fwd.example' },
    hit: ['FWD_SRS'],
  },
  {
    name: 'a rewritten sender and Sieve’s header',
    message: {
      from: 'srs1=x==y=z@fwd.example',
      raw: raw('a@x.example', 'b@x.example', 'X-Sieve-Redirected-From: c@x.example'),
    },
    hit: ['FWD_SIEVE'],
  },
  {
    name: 'a rewritten sender and cPanel’s header',
    message: {
      from: 'srs0=x=y=z@fwd.example',
      raw: raw(
        'a@x.example',
        'b@x.example',
        'From-Rewrite: rewritten was: [a@x.example], actual sender is not the same; forwarded message',
      ),
    },
    hit: ['FWD_CPANEL'],
  },
  {
    name: 'another recipient in Received',
    message: {
      raw: raw(
        'a@x.example',
        'old@else.example',
        'Received: from a.example (a.example [192.0.2.1]) by mx.else.example with ESMTP id 1 for <Old+tag@else.example>; Tue, 14 Nov 2023 22:13:20 +0000',
      ),
    },
    hit: ['FORWARDED', 'old@else.example'],
  },
  {
    name: 'the same recipient in Received',
    message: {
      rcpts: ['rcpt+tag@example.org'],
      raw: raw(
        'a@x.example',
        'rcpt@example.org',
        'Received: from a.example (a.example [192.0.2.1]) by mx.else.example with ESMTP id 1 for <RCPT@example.org>; Tue, 14 Nov 2023 22:13:20 +0000',
      ),
    },
    hit: undefined,
  },
  {
    name: 'a mailing list in Received',
    message: {
      raw: raw(
        'a@x.example',
        'list@else.example',
        'List-Unsubscribe: <https://else.example/>',
        'Received: from a.example (a.example [192.0.2.1]) by mx.else.example with ESMTP id 1 for <list@else.example>; Tue, 14 Nov 2023 22:13:20 +0000',
      ),
    },
    hit: undefined,
  },
  {
    name: 'two recipients',
    message: {
      from: 'srs0=ab=cd=example.org=rcpt@fwd.example',
      rcpts: ['rcpt@example.org', 'b@example.org'],
    },
    hit: undefined,
  },
];

for (const { name, message, hit } of forwardings) {
  test(`${name} is ${hit ? hit[0] : 'no forwarding'}`, async () => {
    const run = await runCheck(aliases, {}, message);
    const found = run.hits.find(({ symbol }) => symbol.startsWith('FWD_') || symbol === 'FORWARDED');
    assert.deepEqual(found && [found.symbol, ...found.options], hit);
  });
}
