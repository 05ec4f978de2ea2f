import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableResolver } from '../../../test/helpers/check-table.ts';
import { checkDestination, discoverPolicy, policyFor } from './discover.ts';

const none = 'v=DMARC1; p=none';
const reject = 'v=DMARC1; p=reject; sp=quarantine';

const discoveries = [
  { from: 'example.com', zone: { 'txt _dmarc.example.com': [reject] }, gives: 'found example.com' },
  { from: 'a.b.example.co.uk', zone: { 'txt _dmarc.example.co.uk': [reject] }, gives: 'found example.co.uk' },
  { from: 'a.b.example.com', zone: { 'txt _dmarc.b.example.com': [reject] }, gives: 'none' },
  {
    from: 'a.example.com',
    zone: { 'txt _dmarc.a.example.com': ['hello', none], 'txt _dmarc.example.com': [reject] },
    gives: 'found a.example.com',
  },
  {
    from: 'a.example.com',
    zone: { 'txt _dmarc.a.example.com': ['v=spf1 -all'], 'txt _dmarc.example.com': [reject] },
    gives: 'found example.com',
  },
  { from: 'example.com', zone: { 'txt _dmarc.example.com': [none, reject] }, gives: 'malformed example.com' },
  {
    from: 'a.example.com',
    zone: { 'txt _dmarc.a.example.com': ['v=DMARC1; p=x'], 'txt _dmarc.example.com': [none] },
    gives: 'malformed a.example.com',
  },
  {
    from: 'a.example.com',
    zone: { 'txt _dmarc.a.example.com': 'servfail', 'txt _dmarc.example.com': [none] },
    gives: 'unreachable a.example.com',
  },
  { from: 'a.example.com', zone: { 'txt _dmarc.example.com': 'timeout' }, gives: 'unreachable example.com' },
  { from: 'a.github.io', zone: { 'txt _dmarc.github.io': [reject] }, gives: 'none' },
  { from: `${'x.'.repeat(124)}com`, zone: {}, gives: 'none' },
] as const;

for (const { from, zone, gives } of discoveries) {
  test(`the policy for ${from.slice(0, 40)} with ${Object.keys(zone).join(', ')}: ${gives}`, async () => {
    const found = await discoverPolicy(tableResolver(zone), from);
    assert.equal('domain' in found ? `${found.status} ${found.domain}` : found.status, gives);
  });
}

test('np holds only for subdomains that have neither address nor mail server', async () => {
  const policy = async (from: string, zone: Readonly<Record<string, readonly string[] | 'servfail'>>) => {
    const dns = tableResolver({ 'txt _dmarc.example.com': ['v=DMARC1; p=none; np=reject'], ...zone });
    const found = await discoverPolicy(dns, from);
    assert.equal(found.status, 'found');
    return policyFor(dns, found, from);
  };
  assert.equal(await policy('example.com', {}), 'none');
  assert.equal(await policy('no.example.com', {}), 'reject');
  assert.equal(await policy('yes.example.com', { 'mx yes.example.com': ['10 mx.example.com'] }), 'none');
  assert.equal(await policy('who.example.com', { 'a who.example.com': 'servfail' }), 'none');
});

test('others have to agree to get reports, and may name another mailbox of theirs', async () => {
  const uri = { address: 'r@reports.example.net', domain: 'reports.example.net', maxBytes: undefined };
  const check = (record: readonly string[] | 'servfail' | 'nxdomain', to = uri) =>
    checkDestination(
      tableResolver({ 'txt example.com._report._dmarc.reports.example.net': record }),
      'example.com',
      to,
    );
  const own = { ...uri, address: 'r@mail.example.com', domain: 'mail.example.com' };
  assert.deepEqual(await check('nxdomain', own), { status: 'allowed', uris: [own] });
  assert.deepEqual(await check(['v=DMARC1']), { status: 'allowed', uris: [uri] });
  assert.deepEqual(await check(['v=DMARC1; rua=mailto:other@reports.example.net,mailto:x@evil.example']), {
    status: 'allowed',
    uris: [{ ...uri, address: 'other@reports.example.net' }],
  });
  assert.deepEqual(await check(['v=DMARC1; rua=mailto:x@evil.example']), { status: 'allowed', uris: [uri] });
  assert.deepEqual(await check(['v=spf1 -all']), { status: 'refused' });
  assert.deepEqual(await check('nxdomain'), { status: 'refused' });
  assert.deepEqual(await check('servfail'), { status: 'unreachable' });
});
