import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { CheckDefinition } from '../../src/core/index.ts';
import { type BuiltCheck, buildCheck } from './check-table.ts';
import type { TestMessage } from './task.ts';

/** A message and every symbol that it gives, with weight unless 1 and options: `NAME*0.5 option option`. */
export type RuleRow = readonly [name: string, message: TestMessage, expected: readonly string[]];

/** Makes the text of a message of header lines and a body. */
export function mail(headers: readonly string[], body = 'Hello.\n'): string {
  return [...headers, '', body].join('\n');
}

/**
 * One test for each row, whichever way the message goes, and the tests that every rule about headers has to pass:
 * broken and huge ones.
 */
export function testRules(definition: CheckDefinition, rows: readonly RuleRow[]): void {
  let check: BuiltCheck;
  before(async () => {
    check = await buildCheck(definition);
  });
  after(() => check.close());
  const hitsOf = async (message: TestMessage): Promise<readonly string[]> =>
    (await check.run(message)).hits.map(({ symbol, weight, options }) =>
      [weight === 1 ? symbol : `${symbol}*${Number(weight.toFixed(4))}`, ...options].join(' '),
    );

  for (const [name, message, expected] of rows) {
    test(`${name}: ${expected.map((hit) => hit.split(/[ *]/)[0]).join(', ') || 'nothing'}`, async () => {
      for (const way of ['inbound', 'authenticated', 'local'] as const)
        assert.deepEqual(await hitsOf({ way, ...message }), expected, way);
    });
  }

  test('random headers never fail', async () => {
    const name = fc.constantFrom(
      ...'From To Cc Reply-To Received Subject Message-ID Date X-Priority Content-Type MIME-Version'.split(
        ' ',
      ),
      ...'Content-Transfer-Encoding Content-Disposition Disposition-Notification-To Sender'.split(' '),
    );
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '<',
        '>',
        '@',
        '"',
        '(',
        ',',
        ':',
        ';',
        '\\',
        '\0',
        '\r',
        '\n',
        '\n ',
        '=?utf-8?B?',
        '?=',
      ),
      fc.constantFrom(
        'a@b.example',
        'multipart/mixed; boundary=x',
        '\n--x\n',
        '2023',
        '[192.0.2.1]',
        '99999999999',
      ),
    );
    const value = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    const headers = fc.array(fc.tuple(name, value), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(headers, value, async (fields, body) => {
        const lines = fields.map(([key, text]) => `${key}: ${text}`);
        await check.run({ raw: Buffer.from([...lines, '', body].join('\r\n')) });
      }),
      { numRuns: 150 },
    );
  });

  test('a header of 10 MB, 10,000 recipients, NULs and broken encodings are no trouble', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `r${i}@example.org`);
    const big = 'x'.repeat(10_000_000);
    const hostile = [
      `From: ${big}@example.com\nSubject: ${big}\nMessage-ID: <${big}@${big}>\n\n`,
      `To: ${many.join(', ')}\nReply-To: ${many.join(', ')}\nDisposition-Notification-To: ${many.join()}\n\n`,
      `From: "${'('.repeat(100_000)}" <a@b.example>\nDate: ${'('.repeat(100_000)}\n\n`,
      `From: \0\0<\0@\0>\nSubject: \0\0\nReceived: from \0 by \0; \0\nContent-Type: \0/\0\n\n\0`,
      `From: =?utf-8?B?/////=?= <=?x?Q?=zz?=@>\nSubject: =?utf-8?Q?=ff=fe?= =?bad?B?!!?=\n\n`,
      `${'Received: from user by x with esmtp for <a@b>; x\n'.repeat(20_000)}\n`,
      `Content-Type: multipart/mixed; boundary=a\n\n${'--a\nContent-Type: x\n\n'.repeat(20_000)}`,
    ];
    for (const raw of hostile) await check.run({ raw: Buffer.from(raw), rcpts: many });
  });
}
