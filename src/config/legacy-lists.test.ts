import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPlain } from '../ucl/index.ts';
import { readFolder } from './fixture.ts';

/** Lists as they stand in `rbl.rbls` after loading, without the stock ones. */
function lists(
  context: Parameters<typeof readFolder>[0],
  files: Readonly<Record<string, string>>,
): { readonly rbls: Readonly<Record<string, unknown>>; readonly notices: readonly string[] } {
  const { root, errors, unsupported, notices } = readFolder(context, {
    'override.d/rbl.conf': 'rbls { }',
    ...files,
  });
  assert.deepEqual([errors, unsupported.filter((text) => !text.includes('rbl'))], [[], []]);
  const rbl = toPlain(root.entries.get('rbl')!.values[0]!) as { rbls: Record<string, unknown> };
  return { rbls: rbl.rbls, notices };
}

test('rules of the older surbl section become lists of links', (context) => {
  const { rbls, notices } = lists(context, {
    'local.d/surbl.conf': `
      whitelist = "/etc/x.inc";
      exceptions = "/etc/2tld.inc";
      rules {
        "MINE" { suffix = "multi.example.org"; check_dkim = true; check_emails = true; bits { A = 2; } options = "noip"; }
        OTHER { suffix = "o.example.org"; ips { B = "127.0.0.2"; } noip = true; images = true; resolve_ip = true }
      }`,
  });
  assert.deepEqual(rbls, {
    MINE: {
      urls: true,
      ignore_defaults: true,
      rbl: 'multi.example.org',
      dkim: true,
      emails: true,
      returnbits: { A: 2 },
      no_ip: true,
      dkim_domainonly: false,
      dkim_match_from: true,
      emails_domainonly: true,
      whitelist: '/etc/x.inc',
    },
    OTHER: {
      urls: true,
      ignore_defaults: true,
      rbl: 'o.example.org',
      returncodes: { B: '127.0.0.2' },
      no_ip: true,
      images: true,
      resolve_ip: true,
      whitelist: '/etc/x.inc',
    },
  });
  assert.deepEqual(
    notices.filter((text) => text.includes('surbl')),
    [
      'local.d/surbl.conf:3:7: surbl.exceptions: means nothing here and is ignored',
      'local.d/surbl.conf:5:9: surbl.rules.MINE: read as the list `rbl.rbls.MINE`',
      'local.d/surbl.conf:6:9: surbl.rules.OTHER: read as the list `rbl.rbls.OTHER`',
    ],
  );
});

test('rules of the older emails section become lists of addresses', (context) => {
  const { rbls } = lists(context, {
    'local.d/emails.conf': `rules {
      A { dnsbl = "e.example.org"; hash = "md5"; hashlen = 32; encoding = "base32"; delimiter = "."; check_replyto = true }
      B { dnsbl = "f.example.org"; domain_only = true; skip_body = true; expect_ip = "127.0.0.2"; symbol = "B_SYM" }
      C { dnsbl = "g.example.org"; expect_ip = "127.0.0.3" }
    }`,
  });
  assert.deepEqual(rbls, {
    A: {
      emails: true,
      ignore_defaults: true,
      rbl: 'e.example.org',
      hash: 'md5',
      hash_len: 32,
      hash_format: 'base32',
      emails_delimiter: '.',
      replyto: true,
    },
    B: {
      emails: false,
      ignore_defaults: true,
      rbl: 'f.example.org',
      emails_domainonly: true,
      replyto: true,
      returncodes: { B_SYM: '127.0.0.2' },
      symbol: 'B_SYM',
    },
    C: { emails: true, ignore_defaults: true, rbl: 'g.example.org', returncodes: { C: '127.0.0.3' } },
  });
});

test('rules in the rbl section are put together with rbls, and a section that is off is left alone', (context) => {
  const { rbls } = lists(context, {
    'override.d/rbl.conf': `
      rbls { A { rbl = "a.example.org"; returncodes { X = "127.0.0.2" } } B { rbl = "b.example.org" } }
      rules { A { enabled = false; returncodes { Y = "127.0.0.3" } } C { rbl = "c.example.org" } }`,
    'local.d/surbl.conf': 'enabled = false; rules { D { suffix = "d.example.org" } }',
  });
  assert.deepEqual(rbls, {
    A: { rbl: 'a.example.org', returncodes: { X: '127.0.0.2', Y: '127.0.0.3' }, enabled: false },
    B: { rbl: 'b.example.org' },
    C: { rbl: 'c.example.org' },
  });
});
