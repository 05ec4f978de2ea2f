import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PosternError } from './errors.ts';
import { domainOf, parseSubject, senderKey, subjectText } from './sender-subject.ts';

for (const [text, name, domain, key] of [
  ['Alice@Example.com', 'login:alice@example.com', 'example.com', 'alice@example.com'],
  ['login:ALICE', 'login:alice', undefined, 'alice'],
  ['odd@', 'login:odd@', undefined, 'odd@'],
  ['script:33:Form.php', 'script:33:Form.php', undefined, 'script:33:Form.php'],
  ['site:/home/A', 'site:/home/A', undefined, 'site:/home/A'],
  ['uid:33', 'uid:33', undefined, 'uid:33'],
  ['domain:Example.com', 'domain:example.com', 'example.com', 'domain:example.com'],
  ['ip:192.0.2.1', 'ip:192.0.2.1', undefined, 'ip:192.0.2.1'],
  ['unknown:unknown', 'unknown:unknown', undefined, 'unknown:unknown'],
  [' bob ', 'login:bob', undefined, 'bob'],
] as const)
  test(`"${text}" is the sender ${name}`, () => {
    const subject = parseSubject(text);
    assert.ok(subject.role === 'sender');
    assert.deepEqual([subjectText(subject), domainOf(subject), senderKey(subject)], [name, domain, key]);
  });

for (const [text, name] of [
  ['@Example.com', '@example.com'],
  ['tenant:ACME', 'tenant:ACME'],
  ['local', 'local'],
  ['server', 'server'],
] as const)
  test(`"${text}" is the pool ${name}`, () => {
    const subject = parseSubject(text);
    assert.deepEqual([subject.role, subjectText(subject)], ['pool', name]);
  });

for (const text of ['', ' ', 'a\nb', 'x'.repeat(400)])
  test(`${JSON.stringify(text.slice(0, 10))} of ${text.length} characters names nobody`, () => {
    assert.throws(() => parseSubject(text), PosternError);
  });

test('a name reads as itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const name = subjectText(parseSubject(text));
        assert.equal(subjectText(parseSubject(name)), name);
      } catch (error) {
        assert.ok(error instanceof PosternError);
      }
    }),
    { numRuns: 300 },
  );
});
