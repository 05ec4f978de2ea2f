import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../core/index.ts';
import { parseTarget } from './target.ts';

const hosts: readonly [text: string, host: string, port: number, weight: number][] = [
  ['scan.example', 'scan.example', 11_333, 1],
  ['scan.example:1', 'scan.example', 1, 1],
  ['192.0.2.1:11333:10', '192.0.2.1', 11_333, 10],
  ['[2001:db8::1]', '2001:db8::1', 11_333, 1],
  ['[2001:db8::1]:25:3', '2001:db8::1', 25, 3],
  ['scan.example:1:0', 'scan.example', 1, 1],
];
for (const [text, host, port, weight] of hosts) {
  test(`${text} is host ${host}, port ${port}, weight ${weight}`, () => {
    assert.deepEqual(parseTarget(text), { text, host, port, socketPath: undefined, weight });
  });
}

test('a path is a unix socket', () => {
  assert.equal(parseTarget('/run/scan.sock').socketPath, '/run/scan.sock');
});

for (const text of ['', 'a b', 'host:99999', 'host:0', '2001:db8::1', '[2001:db8::1', 'host:x']) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseTarget(text), ConfigError);
  });
}
