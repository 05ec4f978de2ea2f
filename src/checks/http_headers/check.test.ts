import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type LogLine, runCheck, type Way } from '../../../test/helpers/check-table.ts';
import type { AuthenticationState } from '../../core/index.ts';
import { dkim } from '../dkim/check.ts';
import { spf } from '../spf/check.ts';
import { httpHeaders } from './check.ts';
import { readDkimHeader, readSpfHeader } from './results.ts';

const on = { enabled: true };
const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

async function told(request: Readonly<Record<string, string>>, way: Way): Promise<AuthenticationState> {
  return (await runCheck(httpHeaders, on, { request, way })).task.authentication;
}

const table: readonly (readonly [request: Readonly<Record<string, string>>, symbols: readonly string[]])[] = [
  [{ SPF: '{"result": "pass", "domain": "example.com"}' }, ['R_SPF_ALLOW']],
  [{ SPF: 'result = "fail"; domain = "example.com";' }, ['R_SPF_FAIL']],
  [{ SPF: '{"result": "softfail"}' }, ['R_SPF_SOFTFAIL']],
  [{ SPF: '{"result": "NEUTRAL"}' }, ['R_SPF_NEUTRAL']],
  [{ SPF: '{"result": "none"}' }, ['R_SPF_NA']],
  [{ SPF: '{"result": "temperror"}' }, ['R_SPF_DNSFAIL']],
  [{ SPF: '{"result": "permerror"}' }, ['R_SPF_PERMFAIL']],
  [{ DKIM: '{"result": "allow", "domain": "Example.com"}' }, ['DKIM_TRACE', 'R_DKIM_ALLOW']],
  [{ DKIM: '{"result": "fail", "domain": "example.com"}' }, ['DKIM_TRACE', 'R_DKIM_REJECT']],
  [{ DKIM: '{"result": "none"}' }, ['R_DKIM_NA']],
  [{ DKIM: '{"result": "tempfail"}' }, ['R_DKIM_TEMPFAIL']],
  [{ DKIM: '{"result": "permerror"}' }, ['R_DKIM_PERMFAIL']],
  [
    {
      DKIM: '[{"result": "pass", "domain": "a.example"}, {"result": "fail", "domain": "b.example"}]',
      SPF: '{"result": "pass"}',
    },
    ['DKIM_TRACE', 'R_DKIM_ALLOW', 'R_DKIM_REJECT', 'R_SPF_ALLOW'],
  ],
];

describe('results of the request become symbols of spf and dkim', () => {
  for (const [request, symbols] of table) {
    for (const way of ways) {
      test(`${JSON.stringify(request)} of ${way} mail is ${symbols.join(', ')}`, async () => {
        const authentication = await told(request, way);
        const message = { way, authentication };
        const found: string[] = [];
        if (authentication.spf) found.push(...(await runCheck(spf, {}, message)).symbols);
        if (authentication.dkim) found.push(...(await runCheck(dkim, {}, message)).symbols);
        assert.deepEqual(found.toSorted(), symbols);
      });
    }
  }

  test('they carry the option of Rspamd and the names of the operator', async () => {
    const authentication = await told(
      { SPF: '{"result": "pass"}', DKIM: '{"result": "pass", "domain": "example.com"}' },
      'inbound',
    );
    const spfRun = await runCheck(spf, { symbols: { allow: 'OUR_SPF' } }, { authentication });
    assert.deepEqual(spfRun.hits, [{ symbol: 'OUR_SPF', weight: 1, options: ['http header'] }]);
    const dkimRun = await runCheck(dkim, {}, { authentication });
    assert.deepEqual(dkimRun.hits, [
      { symbol: 'DKIM_TRACE', weight: 0, options: ['example.com:+'] },
      { symbol: 'R_DKIM_ALLOW', weight: 1, options: ['http header'] },
    ]);
  });
});

test('what the request told is there for others, with the sender of the envelope', async () => {
  const { spf: outcome } = await told({ SPF: '{"result": "pass"}' }, 'inbound');
  assert.equal(outcome?.domain, 'example.com');
  assert.equal(outcome.identity, 'mailfrom');
  assert.equal(outcome.sender, 'sender@example.com');
  assert.equal(outcome.isFromRequest, true);
});

test('headers that say no result are as if they were not there, and told of without their text', async () => {
  const log: LogLine[] = [];
  for (const text of ['', 'pass', '{"result": "yes"}', '{"result": 1}', '[1]', '{', 'a'.repeat(5000)]) {
    const request = { SPF: text, DKIM: text };
    const { task } = await runCheck(httpHeaders, on, { request }, { log });
    assert.deepEqual(task.authentication, {}, text);
  }
  assert.equal(log.length, 14);
  assert.ok(!JSON.stringify(log).includes('yes'));
});

test('mail without these headers is left to the other checks', async () => {
  assert.deepEqual(await told({}, 'inbound'), {});
});

test('no text makes the readers throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      readSpfHeader(text);
      readDkimHeader(text);
    }),
    { numRuns: 300 },
  );
});
