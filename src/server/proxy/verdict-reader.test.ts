import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UpstreamError } from '../../core/index.ts';
import { renderVerdictJson } from '../reply/index.ts';
import { readVerdict } from './verdict-reader.ts';

const raw = Buffer.from('Subject: x\r\n\r\nold\r\n');
const read = (value: unknown) => readVerdict(JSON.stringify(value), undefined, raw);

test('a whole reply of Rspamd is read', () => {
  const verdict = read({
    is_skipped: true,
    score: 15,
    required_score: 15,
    action: 'reject',
    thresholds: { reject: 15, 'add header': 6 },
    symbols: {
      GTUBE: { name: 'GTUBE', score: 0, metric_score: 1.5, description: 'test', options: ['a', 'b'] },
    },
    groups: { g: { score: 1 } },
    messages: { smtp_message: 'Gtube pattern' },
    urls: ['example.com'],
    emails: ['a@example.com'],
    'message-id': 'a1@example.com',
    time_real: 0.25,
  });
  assert.equal(verdict.action, 'reject');
  assert.equal(verdict.score, 15);
  assert.equal(verdict.isSkipped, true);
  assert.deepEqual(
    [...verdict.thresholds],
    [
      ['reject', 15],
      ['add header', 6],
    ],
  );
  assert.deepEqual(verdict.symbols, [
    { name: 'GTUBE', score: 0, metricScore: 1.5, description: 'test', groups: [], options: ['a', 'b'] },
  ]);
  assert.deepEqual(verdict.groups, [{ name: 'g', score: 1, description: undefined }]);
  assert.equal(verdict.messages['smtp_message'], 'Gtube pattern');
  assert.equal(verdict.urls?.[0]?.host, 'example.com');
  assert.equal(verdict.elapsedMs, 250);
  assert.equal(verdict.failure, undefined);
});

test('an action alone is a verdict', () => {
  const verdict = read({ action: 'no action' });
  assert.equal(verdict.requiredScore, undefined);
  assert.equal(verdict.milter, undefined);
  assert.equal(verdict.urls, undefined);
  assert.deepEqual(verdict.messages, {});
});

test('signatures come as one text or a list, folded with any line break', () => {
  assert.deepEqual(read({ action: 'a', 'dkim-signature': 'v=1;\n b' }).dkimSignatures, ['v=1;\r\n b']);
  assert.deepEqual(read({ action: 'a', 'dkim-signature': ['x\r\n y', 'z'] }).dkimSignatures, [
    'x\r\n y',
    'z',
  ]);
});

test('a subject that comes as encoded words is passed on as it is, on one line', () => {
  const verdict = read({ action: 'rewrite subject', subject: '=?UTF-8?Q?a?=\r\n =?UTF-8?Q?b?=' });
  assert.equal(verdict.subject, '=?UTF-8?Q?a?= =?UTF-8?Q?b?=');
});

test('the milter block is read in all its forms', () => {
  const { milter } = read({
    action: 'a',
    milter: {
      add_headers: {
        'X-A': 'plain',
        'X-B': { value: 'b', order: 1 },
        'X-C': [{ value: 'c', index: -2 }, 'd'],
      },
      remove_headers: { 'X-Spam': 0, 'X-D': [1, -1] },
      change_from: 'x@example.com',
      add_rcpt: ['y@example.com'],
      del_rcpt: ['z@example.com'],
      reject: 'quarantine',
      spam_header: { 'X-S': 'v' },
      no_action: true,
    },
  });
  assert.deepEqual(milter?.addHeaders, [
    { name: 'X-A', value: 'plain', order: undefined },
    { name: 'X-B', value: 'b', order: 1 },
    { name: 'X-C', value: 'c', order: -2 },
    { name: 'X-C', value: 'd', order: undefined },
  ]);
  assert.deepEqual(milter?.removeHeaders, [
    { name: 'X-Spam', instances: [0] },
    { name: 'X-D', instances: [1, -1] },
  ]);
  assert.equal(milter?.changeFrom, 'x@example.com');
  assert.deepEqual(milter?.addRecipients, ['y@example.com']);
  assert.deepEqual(milter?.removeRecipients, ['z@example.com']);
  assert.equal(milter?.rejectAs, 'quarantine');
  assert.deepEqual(milter?.spamHeader, { 'X-S': 'v' });
  assert.equal(milter?.noAction, true);
});

test('what we render is read back the same', () => {
  const verdict = read({
    action: 'add header',
    score: 7.5,
    required_score: 15,
    symbols: { A: { score: 1, metric_score: 2, options: ['o'] } },
    messages: { smtp_message: 'x' },
    'dkim-signature': ['a\n b', 'c'],
    milter: {
      add_headers: {
        'X-A': [
          { value: 'a', order: 0 },
          { value: 'b', order: -1 },
        ],
      },
      remove_headers: { B: [1, 2] },
    },
    thresholds: { reject: 15 },
  });
  const json = renderVerdictJson(verdict, { layout: 'v2', flags: new Set(['milter']) });
  assert.deepEqual(readVerdict(json, undefined, raw), verdict);
});

test('a rewritten body is joined with the header that was sent', () => {
  const tail = { bytes: Buffer.from('new\r\n'), isBody: true };
  const { rewritten } = readVerdict('{"action":"a"}', tail, raw);
  assert.equal(rewritten?.toString(), 'Subject: x\r\n\r\nnew\r\n');
});

test('a rewritten message is taken whole', () => {
  const tail = { bytes: Buffer.from('Subject: y\r\n\r\nnew'), isBody: false };
  assert.equal(readVerdict('{"action":"a"}', tail, raw).rewritten?.toString(), 'Subject: y\r\n\r\nnew');
});

const odd: readonly [what: string, fields: Record<string, unknown>][] = [
  ['symbols that are a list', { symbols: [] }],
  ['a score that is text', { score: 'high' }],
  ['links that are numbers', { urls: [1] }],
  ['a message id that is null', { 'message-id': null }],
  ['a score of null', { score: null, required_score: null }],
  ['unknown fields', { other: { a: 1 } }],
  ['messages as a list', { messages: ['x'] }],
];
for (const [what, fields] of odd) {
  test(`a reply with ${what} is still a verdict`, () => {
    assert.equal(read({ action: 'reject', ...fields }).action, 'reject');
  });
}

const wrong: readonly [what: string, value: unknown][] = [
  ['no action', { score: 1 }],
  ['an empty action', { action: '' }],
  ['an error', { error: 'invalid command', error_domain: 'protocol-error' }],
  ['a list', []],
  ['null', null],
  ['a header to add that is a number', { action: 'a', milter: { add_headers: { 'X-A': 1 } } }],
  ['a header to remove that is text', { action: 'a', milter: { remove_headers: { 'X-A': 'all' } } }],
  ['a signature that is a number', { action: 'a', 'dkim-signature': 1 }],
  ['a recipient that is no text', { action: 'a', milter: { add_rcpt: [1] } }],
];
for (const [what, value] of wrong) {
  test(`a reply with ${what} is an error of the upstream`, () => {
    assert.throws(() => read(value), UpstreamError);
  });
}

test('any JSON and any text is a verdict or an error of the upstream', () => {
  const check = (json: string): void => {
    try {
      assert.equal(typeof readVerdict(json, undefined, raw).action, 'string');
    } catch (error) {
      assert.ok(error instanceof UpstreamError);
    }
  };
  fc.assert(fc.property(fc.string(), check), { numRuns: 200 });
  const reply = fc.record(
    { action: fc.string(), milter: fc.jsonValue(), symbols: fc.jsonValue(), messages: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(reply, (value) => check(JSON.stringify(value))),
    { numRuns: 300 },
  );
});
