import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { DnsAnswer, DnsType, Resolver } from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { readSuite } from '../testing/suite.ts';
import { evaluateSpf } from './evaluate.ts';

const spfCase = z.object({
  description: z.string().nullish(),
  helo: z.string(),
  host: z.string(),
  mailfrom: z.string(),
  result: z.union([z.string(), z.array(z.string())]),
  explanation: z.string().nullish(),
});

const text = z.union([z.string(), z.number()]).transform(String);
const zone = z.record(
  z.string(),
  z.array(z.union([z.string(), z.record(z.string(), z.union([text, z.array(text)]))])),
);

/** Answers from a zone of the suite: SPF records are TXT records unless the name has TXT records of its own. */
function zoneResolver(data: z.output<typeof zone>): Resolver {
  const names = new Map<string, { records: Map<string, string[]>; isSilent: boolean }>();
  for (const [name, entries] of Object.entries(data)) {
    const records = new Map<string, string[]>();
    for (const entry of entries) {
      if (typeof entry === 'string') continue;
      for (const [type, value] of Object.entries(entry)) {
        // MX values are preference and host, TXT values pieces that belong together.
        const record = Array.isArray(value) ? value.join(type === 'MX' ? ' ' : '') : value;
        records.set(type, [...(records.get(type) ?? []), record]);
      }
    }
    const own = records.get('TXT');
    records.set('TXT', own ? own.filter((record) => record !== 'NONE') : (records.get('SPF') ?? []));
    names.set(name.toLowerCase(), { records, isSilent: entries.includes('TIMEOUT') });
  }
  const answer = (name: string, type: DnsType): DnsAnswer => {
    const found = names.get(name.toLowerCase());
    if (!found) return { status: 'nxdomain', records: [], ttlSeconds: 0 };
    const alias = found.records.get('CNAME')?.[0];
    if (alias !== undefined) return answer(alias, type);
    const records = found.records.get(type.toUpperCase()) ?? [];
    if (records.length === 0 && found.isSilent) return { status: 'timeout', records: [], ttlSeconds: 0 };
    return { status: records.length > 0 ? 'ok' : 'nodata', records, ttlSeconds: 0 };
  };
  return { resolve: async (name, type) => answer(name, type) };
}

for (const { tests, rest } of readSuite('rfc7208-tests.yml', spfCase)) {
  const dns = zoneResolver(zone.parse(rest['zonedata']));
  for (const [name, { description, helo, host, mailfrom, result, explanation }] of Object.entries(tests)) {
    const expected = [result].flat();
    test(`SPF suite, ${String(rest['description'])}: ${name} (${description ?? ''}): ${expected.join(' or ')}`, async () => {
      const at = mailfrom.lastIndexOf('@');
      const outcome = await evaluateSpf(
        {
          clientIp: parseIp(host)!,
          domain: mailfrom === '' ? helo : mailfrom.slice(at + 1),
          local: mailfrom === '' ? '' : mailfrom.slice(0, Math.max(at, 0)),
          helo,
        },
        {
          dns,
          limits: { maxNesting: 10, maxRequests: 30, maxExpansions: 100 },
          timeoutMs: 5_000,
          asksIpv6: true,
          explainAs: 'receiver.example',
          nowMs: 1_500_000_000_000,
        },
      );
      assert.ok(expected.includes(outcome.result), `${outcome.result}: ${outcome.reason}`);
      if (explanation) assert.equal(outcome.explanation ?? 'DEFAULT', explanation);
    });
  }
}
