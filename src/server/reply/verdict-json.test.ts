import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MilterReply, type TaskFlag, type UrlView, type Verdict } from '../../core/index.ts';
import { hit, verdict } from '../testing/scanner.ts';
import { formatDouble, renderErrorJson, renderVerdictJson, type VerdictLayout } from './index.ts';

function json(changes: Partial<Verdict>, layout: VerdictLayout = 'v2', ...flags: TaskFlag[]): string {
  return renderVerdictJson(verdict(changes), { layout, flags: new Set(flags) });
}

const link: UrlView = {
  url: 'http://www.example.com/a',
  host: 'www.example.com',
  domain: 'example.com',
  path: '/a',
  query: '',
  from: 'text',
  flags: ['numeric'],
};

test('a double has one decimal when it is integral, else six, and null when JSON has no number for it', () => {
  const rows: [number, string][] = [
    [0, '0.0'],
    [-0, '0.0'],
    [15, '15.0'],
    [-3, '-3.0'],
    [0.5, '0.500000'],
    [7.25, '7.250000'],
    [1 / 3, '0.333333'],
    [Number.NaN, 'null'],
    [Number.POSITIVE_INFINITY, 'null'],
  ];
  for (const [value, text] of rows) assert.equal(formatDouble(value), text);
});

test('every finite double is written as a JSON number close to it', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
      assert.ok(Math.abs(JSON.parse(formatDouble(value)) - value) <= 5e-7);
    }),
  );
});

test('the fields of an unremarkable verdict come in the order of the reference', () => {
  assert.equal(
    json({}),
    '{"is_skipped":false,"score":0.0,"required_score":15.0,"action":"no action",' +
      '"thresholds":{"reject":15.0,"add header":6.0,"greylist":4.0},"symbols":{},"messages":{},' +
      '"message-id":"a1@example.com","time_real":0.000500}',
  );
});

test('every optional field stands where the reference has it', () => {
  const text = json(
    {
      passthroughModule: 'ratelimit',
      action: 'rewrite subject',
      subject: 'Grüße',
      milterAction: 'quarantine',
      urls: [link],
      emails: [],
      profile: { A: 1.5 },
      dkimSignatures: ['a\r\n b'],
      milter: Object.assign(new MilterReply(), { changeFrom: 'x@example.com' }),
      groups: [{ name: 'policies', score: 1, description: 'all of them' }],
    },
    'v2',
    'groups',
    'profile',
  );
  assert.deepEqual(Object.keys(JSON.parse(text)), [
    'passthrough_module',
    'is_skipped',
    'score',
    'required_score',
    'action',
    'subject',
    'reject',
    'thresholds',
    'symbols',
    'groups',
    'messages',
    'urls',
    'emails',
    'profile',
    'message-id',
    'time_real',
    'dkim-signature',
    'milter',
  ]);
  assert.equal(JSON.parse(text).subject, '=?UTF-8?B?R3LDvMOfZQ==?=');
});

test('a symbol has description and options only when there are any, and its static weight in v2 only', () => {
  const symbols = [hit('A', 1.5, { metricScore: 3, description: 'why', options: ['x', 'y'] }), hit('B', 0)];
  assert.match(
    json({ symbols }),
    /"symbols":\{"A":\{"name":"A","score":1\.500000,"metric_score":3\.0,"description":"why","options":\["x","y"\]\},"B":\{"name":"B","score":0\.0,"metric_score":0\.0\}\}/,
  );
  assert.match(json({ symbols }, 'skip'), /"B":\{"name":"B","score":0\.0\}/);
});

test('the older layout holds scores and symbols in default and calls the milter block rmilter', () => {
  const text = json(
    {
      action: 'reject',
      score: 15,
      symbols: [hit('A', 15)],
      milter: Object.assign(new MilterReply(), { noAction: true }),
    },
    'v1',
  );
  assert.deepEqual(JSON.parse(text), {
    default: {
      is_spam: true,
      is_skipped: false,
      score: 15,
      required_score: 15,
      action: 'reject',
      A: { name: 'A', score: 15 },
    },
    messages: {},
    'message-id': 'a1@example.com',
    time_real: 0.0005,
    rmilter: { no_action: true },
  });
});

test('no threshold at all is null, a score that is no number is zero', () => {
  assert.match(json({ requiredScore: undefined, score: Number.NaN }), /"score":0\.0,"required_score":null/);
});

test('an empty message has no message-id', () => {
  assert.equal('message-id' in JSON.parse(json({ messageId: undefined })), false);
});

test('urls are unique hosts, or whole links with ext_urls, and emails come with them', () => {
  const plain = JSON.parse(json({ urls: [link, link], emails: ['a@example.com'] }));
  assert.deepEqual(plain.urls, ['www.example.com']);
  assert.deepEqual(plain.emails, ['a@example.com']);
  const extended = JSON.parse(json({ urls: [link], emails: undefined }, 'v2', 'ext_urls'));
  assert.deepEqual(extended.urls, [
    { url: 'http://www.example.com/a', tld: 'example.com', host: 'www.example.com', flags: ['numeric'] },
  ]);
  assert.deepEqual(extended.emails, []);
});

test('one signature is a string, several are an array', () => {
  assert.equal(JSON.parse(json({ dkimSignatures: ['a'] }))['dkim-signature'], 'a');
  assert.deepEqual(JSON.parse(json({ dkimSignatures: ['a', 'b'] }))['dkim-signature'], ['a', 'b']);
});

test('signatures fold as the message ends its lines, with LF for a milter', () => {
  const dkimSignatures = ['v=1;\r\n b=x'];
  assert.equal(JSON.parse(json({ dkimSignatures }))['dkim-signature'], 'v=1;\r\n b=x');
  assert.equal(JSON.parse(json({ dkimSignatures, newline: '\n' }))['dkim-signature'], 'v=1;\n b=x');
  assert.equal(JSON.parse(json({ dkimSignatures }, 'v2', 'milter'))['dkim-signature'], 'v=1;\n b=x');
});

test('the milter block groups headers of one name and keeps orders and instances', () => {
  const milter = Object.assign(new MilterReply(), {
    addHeaders: [
      { name: 'X-A', value: 'one' },
      { name: 'X-B', value: 'first', order: 0 },
      { name: 'X-C', value: 'a\n b' },
      { name: 'X-C', value: 'c', order: 1 },
    ],
    removeHeaders: [
      { name: 'X-D', instances: [0] },
      { name: 'X-E', instances: [1, -1] },
    ],
    addRecipients: ['a@example.com'],
    removeRecipients: ['b@example.com'],
    rejectAs: 'discard',
    spamHeader: { 'X-Spam': 'Yes' },
  });
  assert.deepEqual(JSON.parse(json({ milter })).milter, {
    add_headers: {
      'X-A': 'one',
      'X-B': { value: 'first', order: 0 },
      'X-C': [
        { value: 'a\r\n b', order: -1 },
        { value: 'c', order: 1 },
      ],
    },
    remove_headers: { 'X-D': 0, 'X-E': [1, -1] },
    add_rcpt: ['a@example.com'],
    del_rcpt: ['b@example.com'],
    reject: 'discard',
    spam_header: { 'X-Spam': 'Yes' },
  });
  assert.equal('milter' in JSON.parse(json({ milter: new MilterReply() })), false);
});

test('whatever texts a verdict holds, its JSON parses and gives them back', () => {
  const unit = fc.constantFrom('a', '"', '\\', '\n', '\0', '\u2028', '\ud800', 'ä', '😀');
  const text = fc.string({ unit, maxLength: 10 });
  fc.assert(
    fc.property(text, text, fc.array(text, { maxLength: 5 }), text, (name, description, options, message) => {
      const symbols = [hit(`S${name}`, 1, { description, options })];
      const parsed = JSON.parse(json({ symbols, messages: { smtp_message: message } }));
      const symbol = parsed.symbols[`S${name}`];
      assert.equal(symbol.description, description);
      assert.deepEqual(symbol.options ?? [], options);
      assert.equal(parsed.messages.smtp_message, message);
    }),
    { numRuns: 200 },
  );
});

test('an error is an object with one key', () => {
  assert.equal(renderErrorJson('no "way"'), '{"error":"no \\"way\\""}');
});
