import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../core/index.ts';
import { parseTarget } from './target.ts';

test('the command is the path without regard to case, leading slash, authority and fragment', () => {
  for (const target of [
    '/checkv2',
    '/CheckV2',
    'checkv2',
    'http://host:11333/checkv2',
    '/checkv2#x',
    '/checkv2?',
  ]) {
    assert.deepEqual(parseTarget(target), { command: 'checkv2', arguments: [] }, target);
  }
  assert.equal(parseTarget('/').command, '');
  assert.equal(parseTarget('*').command, '*');
});

test('arguments are decoded; broken escapes stay; a plus is a blank but in addresses', () => {
  assert.deepEqual(parseTarget('/c?a=1%202&b=%zz&c&=d&e=x+y&rcpt=a+b@c&%41=%E4').arguments, [
    ['a', '1 2'],
    ['b', '%zz'],
    ['c', ''],
    ['e', 'x y'],
    ['rcpt', 'a+b@c'],
    ['a', '%E4'],
  ]);
});

test('control characters cannot become header lines', () => {
  assert.throws(() => parseTarget('/c?a=%0d%0aUser:%20x'), ProtocolError);
  assert.throws(() => parseTarget('/c?a=%00'), ProtocolError);
});

test('encoded arguments come back as they were', () => {
  const text = fc.string({ maxLength: 20 }).filter((value) => !/[\r\n\0]/.test(value));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (values) => {
      const query = values.map((value, index) => `n${index}=${encodeURIComponent(value)}`).join('&');
      assert.deepEqual(
        parseTarget(`/c?${query}`).arguments,
        values.map((value, index) => [`n${index}`, value]),
      );
    }),
    { numRuns: 200 },
  );
});
