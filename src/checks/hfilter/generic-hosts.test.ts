import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { genericWeight, heloWeight } from './generic-hosts.ts';
import { heloAddress } from './helo-address.ts';
import { isFqdn } from './hosts.ts';

const hosts: readonly (readonly [host: string, weight: number])[] = [
  // Mail servers.
  ['mail.example.com', 0],
  ['mx1.example.com', 0],
  ['mail-yw1-f169.google.com', 0],
  ['mail-il1-f48.google.com', 0],
  ['nam12-dm6-obe.outbound.protection.outlook.com', 0],
  ['a2-48.smtp-out.eu-west-1.amazonses.com', 0],
  ['out-12.smtp.github.com', 0],
  ['o1.ptr1234.sendgrid.net', 0],
  ['sonic304-22.consmr.mail.ne1.yahoo.com', 0],
  ['p3plsmtpa12-01.prod.phx3.secureserver.net', 0],
  ['mout.kundenserver.de', 0],
  ['163.com', 0],
  ['mail.dyn.com', 0],
  ['cloudserver1234.home.pl', 0],
  ['smtp.dynamics.com', 0],
  ['server1.example.com', 0],
  // Customers.
  ['dhcp-1.isp.example', 5],
  ['12.dhcp.isp.example', 5],
  ['x.dynamic.isp.example', 5],
  ['pppoe.city.isp.example', 5],
  ['a.broadband.isp.example', 5],
  ['host-198-51-100-7.isp.example', 5],
  ['7.100.51.198.isp.example', 5],
  ['198x51x100x7.isp.example', 5],
  ['adsl12.isp.example', 5],
  ['ppp198051100007.isp.example', 5],
  ['aa-bb-cc-01-02-03.isp.example', 5],
  ['7.100.51.198.in-addr.arpa', 5],
  ['abo12.isp.example', 4],
  ['x.ftth.isp.example.net', 4],
  ['c6336407.city.isp.example', 4],
  ['2001-db8-a-b-c-d-e-1.isp.example', 4],
  ['ip12.isp.example', 3],
  ['198-51-100.isp.example', 3],
  ['x.customer.isp.example.net', 3],
  ['host-1.isp.example', 2],
  ['12-34.isp.example', 2],
  ['x.static.isp.example', 1],
];

for (const [host, weight] of hosts) {
  test(`${host} weighs ${weight}`, () => {
    assert.equal(genericWeight(host), weight);
    assert.equal(genericWeight(host.toUpperCase()), weight);
  });
}

test('a HELO without dot or from a private network weighs 5', () => {
  for (const helo of ['laptop', 'DESKTOP-12', 'pc.local', 'x.lan', 'localhost.localdomain'])
    assert.equal(heloWeight(helo), 5);
  assert.equal(heloWeight('mail.example.com'), 0);
});

const addresses = [
  ['mail.example.com', undefined],
  ['8.8.4.4', 'bare'],
  ['[8.8.4.4]', 'bare'],
  ['8-8-4-4', 'bare'],
  ['[IPv6:2a00::1]', 'bare'],
  ['198.51.100.7', 'odd'],
  ['[IPv6:2001:db8::1]', 'odd'],
  ['[10.0.0.1]', 'odd'],
  ['127.0.0.1', 'odd'],
  ['192.168.1.2', 'odd'],
  ['100.64.0.1', 'odd'],
  ['172.31.0.1', 'odd'],
  ['169.254.1.1', 'odd'],
  ['224.0.0.1', 'odd'],
  ['198.51.100.255', 'odd'],
  ['[IPv6:fd00::1]', 'odd'],
  ['[IPv6:::1]', 'odd'],
  ['300.1.2.3', 'odd'],
] as const;
for (const [helo, kind] of addresses) {
  test(`the HELO ${helo} is ${kind ? `${kind} address` : 'no address'}`, () => {
    assert.equal(heloAddress(helo)?.kind, kind);
  });
}

const names: readonly (readonly [string, boolean])[] = [
  ['a.example', true],
  ['a.example.', true],
  ['xn--bcher-kva.xn--p1ai', true],
  ['_dmarc.example', true],
  ['example', false],
  ['a..example', false],
  ['-a.example', false],
  ['a.b1', false],
  ['a b.example', false],
  ['192.0.2.1', false],
  [`${'a'.repeat(64)}.example`, false],
];
for (const [name, isFull] of names) {
  test(`${name} is ${isFull ? 'a' : 'no'} full name`, () => assert.equal(isFqdn(name), isFull));
}

test('any HELO is weighed', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('1', 'a', '.', '-', 'x', 'dhcp', 'host', '[', ']', ':'),
        maxLength: 400,
      }),
      (helo) => {
        const weight = heloWeight(helo);
        assert.ok(weight >= 0 && weight <= 5);
        heloAddress(helo);
      },
    ),
    { numRuns: 300 },
  );
});
