import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localConfiguration } from './managed.ts';
import { nxdomainAnswer } from './nxdomain.ts';
import { parseTarget, uniqueNames } from './target.ts';

describe('--target', () => {
  it('names servers to start and servers that run', () => {
    assert.deepEqual(parseTarget('rspamd'), { kind: 'rspamd', name: 'rspamd' });
    assert.deepEqual(parseTarget('postern'), { kind: 'postern', name: 'postern', checkout: undefined });
    assert.deepEqual(parseTarget('main=postern@../other'), {
      kind: 'postern',
      name: 'main',
      checkout: '../other',
    });
    assert.deepEqual(parseTarget('a=[::1]:11333,pid=7'), {
      kind: 'attached',
      name: 'a',
      host: '::1',
      port: 11333,
      pid: 7,
    });
    assert.equal(parseTarget('a=mx.example:25').kind, 'attached');
    assert.deepEqual(parseTarget('spamassassin'), { kind: 'spamassassin', name: 'spamassassin' });
    assert.deepEqual(parseTarget('a=mx.example:25,controller=26'), {
      kind: 'attached',
      name: 'a',
      host: 'mx.example',
      port: 25,
      pid: undefined,
      controllerPort: 26,
    });
  });

  it('refuses anything else', () => {
    for (const text of ['', 'x', 'a=b', 'a=b:0', 'a=b:70000', 'a=b:1,pid=x', 'rspamd@dir']) {
      assert.throws(() => parseTarget(text), RangeError, text);
    }
  });

  it('keeps two of a kind apart', () => {
    const names = uniqueNames([parseTarget('rspamd'), parseTarget('rspamd')]).map(({ name }) => name);
    assert.deepEqual(names, ['rspamd', 'rspamd-2']);
  });
});

it('lets the milter port forward to the scan port, or scan itself when told to', () => {
  const ports = { milter: 1, scan: 2, controller: 3 };
  const options = { workers: 2, cores: undefined, dnsPort: 53, rspamdMilter: 'forward' } as const;
  const stock = localConfiguration(ports, options, '/log');
  assert.match(stock.get('worker-normal.inc')!, /127\.0\.0\.1:2";\ncount = 2;/);
  assert.match(stock.get('worker-proxy.inc')!, /hosts = "127\.0\.0\.1:2"/);
  const alone = localConfiguration(ports, { ...options, rspamdMilter: 'self-scan' }, '/log');
  assert.match(alone.get('worker-proxy.inc')!, /self_scan = yes/);
});

describe('DNS answerer', () => {
  const header = 'beef0120000100000000';
  const question = '0378797a00' + '0001' + '0001';

  it('says NXDOMAIN to the question and drops the rest of the query', () => {
    const query = Buffer.from(`${header}0001${question}0000291000000000000000`, 'hex');
    assert.equal(nxdomainAnswer(query)?.toString('hex'), `beef81830001000000000000${question}`);
  });

  it('gives no answer to responses, cut names and noise', () => {
    const response = Buffer.from(`beef8120000100000000${'0000'}${question}`, 'hex');
    const cut = Buffer.from(`${header}0000${'3f787878780000'}`, 'hex');
    const compressed = Buffer.from(`${header}0000${'c00c00010001'}`, 'hex');
    for (const datagram of [response, cut, compressed, Buffer.alloc(0), Buffer.alloc(20)]) {
      assert.equal(nxdomainAnswer(datagram), undefined);
    }
  });
});
