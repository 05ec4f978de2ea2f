import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceivedHop } from '../core/index.ts';
import { parseMessage } from './message.ts';
import { parseReceived } from './received.ts';

const nothing: ReceivedHop = {
  fromName: undefined,
  realName: undefined,
  fromIp: undefined,
  by: undefined,
  for: undefined,
  protocol: undefined,
  userId: undefined,
  date: undefined,
  isAuthenticated: false,
  isTls: false,
};
const date = new Date('2026-11-22T12:04:25.000Z');
const dated = '; Sun, 22 Nov 2026 13:04:25 +0100 (CET)';

test('trace fields of the usual MTAs are read', () => {
  const table: [what: string, text: string, expected: Partial<ReceivedHop>][] = [
    ['nothing', '', {}],
    [
      'Postfix smtpd',
      `from client.example.org (real.example.org [192.0.2.1]) by mx.example.net (Postfix) with ESMTPS id 4XyZ for <bob@example.net>${dated}`,
      {
        fromName: 'client.example.org',
        realName: 'real.example.org',
        fromIp: '192.0.2.1',
        by: 'mx.example.net',
        protocol: 'esmtps',
        for: 'bob@example.net',
        isTls: true,
        date,
      },
    ],
    [
      'Postfix with login and TLS',
      `from [10.0.0.7] (unknown [IPv6:2001:db8::1]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519) (No client certificate requested) (Authenticated sender: ann) by mx.example.net (Postfix) with ESMTPSA id 4XyZ${dated}`,
      {
        // Not the address that the client said: anybody can say any.
        fromIp: '2001:db8::1',
        by: 'mx.example.net',
        protocol: 'esmtpsa',
        isTls: true,
        isAuthenticated: true,
        date,
      },
    ],
    [
      'qmail with an address as HELO',
      'from unknown (HELO [10.0.0.7]) (192.0.2.1) by mx.example.net with SMTP',
      { fromName: '[10.0.0.7]', fromIp: '192.0.2.1', by: 'mx.example.net', protocol: 'smtp' },
    ],
    [
      'Postfix pickup',
      `by web.example.net (Postfix, from userid 33) id 4XyZ${dated}`,
      { by: 'web.example.net', userId: '33', date },
    ],
    [
      'Exim with a name that was verified',
      `from client.example.org ([192.0.2.1] helo=laptop ident=root) by mx.example.net with esmtpsa (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <ann@example.org>) id 1xV5Mv-0007sg-1z for bob@example.net${dated}`,
      {
        fromName: 'laptop',
        realName: 'client.example.org',
        fromIp: '192.0.2.1',
        by: 'mx.example.net',
        protocol: 'esmtpsa',
        for: 'bob@example.net',
        isTls: true,
        isAuthenticated: true,
        date,
      },
    ],
    [
      'Exim without a name',
      `from [192.0.2.5] (helo=h.test ident=root) by mx.example.net with esmtp (Exim 4.96) id 1xV5Mv-0007sg-1z${dated}`,
      { fromName: 'h.test', fromIp: '192.0.2.5', by: 'mx.example.net', protocol: 'esmtp', date },
    ],
    [
      'Exim with a port',
      'from [192.0.2.5]:4321 (helo=h.test) by mx.example.net with esmtp',
      { fromName: 'h.test', fromIp: '192.0.2.5', by: 'mx.example.net', protocol: 'esmtp' },
    ],
    [
      'Exim, local submission',
      `from www-data by web.example.net with local (Exim 4.96) (envelope-from <www-data@web.example.net>) id 1xV5Mv${dated}`,
      { fromName: 'www-data', by: 'web.example.net', protocol: 'local', date },
    ],
    [
      'Sendmail',
      `from client.example.org (IDENT:ann@real.example.org [192.0.2.1] (may be forged)) (authenticated bits=0) by mx.example.net (8.15.2/8.15.2) with ESMTP id u1 (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NO) for <bob@example.net>${dated}`,
      {
        fromName: 'client.example.org',
        realName: 'real.example.org',
        fromIp: '192.0.2.1',
        by: 'mx.example.net',
        protocol: 'esmtp',
        for: 'bob@example.net',
        isTls: true,
        isAuthenticated: true,
        date,
      },
    ],
    [
      'Exchange',
      `from A.example.org (2001:db8::5) by B.example.org (2001:db8::6) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE) id 15.20.1${dated}`,
      {
        fromName: 'a.example.org',
        fromIp: '2001:db8::5',
        by: 'b.example.org',
        protocol: 'smtp',
        isTls: true,
        date,
      },
    ],
    [
      'IIS',
      'from a.test ([192.0.2.1]) by b.test with Microsoft SMTPSVC(10.0.1)',
      { fromName: 'a.test', fromIp: '192.0.2.1', by: 'b.test', protocol: 'smtp' },
    ],
    [
      'layers in the protocol',
      'by b.test with ESMTP/TLS/DHE-RSA; 1',
      { by: 'b.test', protocol: 'esmtp', isTls: true },
    ],
    [
      'qmail, network',
      `from unknown (HELO client.example.org) (ann@192.0.2.1) by mx.example.net with SMTP${dated}`,
      { fromName: 'client.example.org', fromIp: '192.0.2.1', by: 'mx.example.net', protocol: 'smtp', date },
    ],
    ['qmail, local', `(qmail 123 invoked by uid 33)${dated}`, { userId: '33', date }],
    [
      'a host whose name begins with tls',
      'from tls.example.org (tls.example.org [192.0.2.1]) by mx.example.net with ESMTP',
      {
        fromName: 'tls.example.org',
        realName: 'tls.example.org',
        fromIp: '192.0.2.1',
        by: 'mx.example.net',
        protocol: 'esmtp',
      },
    ],
    [
      'an unclosed comment',
      'from a.test (b.test [192.0.2.1]',
      { fromName: 'a.test', realName: 'b.test', fromIp: '192.0.2.1' },
    ],
  ];
  for (const [what, text, expected] of table) {
    assert.deepEqual(parseReceived(text), { ...nothing, ...expected }, what);
  }
});

test('hops are listed top to bottom, folded as they come', () => {
  const message = parseMessage(
    Buffer.from(
      'Received: from b.test (b.test\r\n\t[192.0.2.2]) by c.test\r\nReceived: from a.test by b.test\r\n\r\n',
    ),
  );
  assert.deepEqual(
    message.received.map((hop) => [hop.fromName, hop.fromIp, hop.by]),
    [
      ['b.test', '192.0.2.2', 'c.test'],
      ['a.test', undefined, 'b.test'],
    ],
  );
});
