import {
  ConfigError,
  type ConfigProblem,
  type DnsAnswer,
  type DnsOptions,
  type DnsStatus,
  type DnsType,
} from '../core/index.ts';
import { parseIp } from '../lib/index.ts';
import { typeCodes } from './codec.ts';
import { normaliseName } from './name.ts';

/** Rcode words of the configuration, and what each means to whoever asks. */
const statusOfWord: Readonly<Record<string, DnsStatus>> = {
  noerror: 'ok',
  formerr: 'formerr',
  servfail: 'servfail',
  nxdomain: 'nxdomain',
  notimp: 'notimp',
  refused: 'refused',
  yxdomain: 'servfail',
  yxrrset: 'servfail',
  nxrrset: 'servfail',
  notauth: 'servfail',
  notzone: 'servfail',
  timeout: 'timeout',
  neterr: 'network',
  norec: 'nodata',
};

/** Answers that the configuration gives instead of the DNS (`options.dns.fake_records`). */
export type FakeRecords = ReadonlyMap<string, DnsAnswer>;

export function questionKey(name: string, type: DnsType): string {
  return `${type} ${name}`;
}

/**
 * Same name and type twice: replies add up, the last rcode counts. With an rcode but `noerror` replies are ignored.
 *
 * @throws ConfigError for a type, rcode or reply that cannot be
 */
export function compileFakeRecords(records: DnsOptions['fakeRecords']): FakeRecords {
  const problems: ConfigProblem[] = [];
  const answers = new Map<string, { status: DnsStatus; records: string[]; ttlSeconds: 0 }>();
  for (const [index, record] of records.entries()) {
    const path = `options.dns.fake_records[${index}]`;
    const type = record.type.toLowerCase();
    const name = normaliseName(record.name);
    const status = statusOfWord[record.rcode.toLowerCase()];
    if (name === undefined) problems.push({ path: `${path}.name`, message: `"${record.name}" is no name` });
    if (!isDnsType(type)) {
      problems.push({
        path: `${path}.type`,
        message: `type "${record.type}" cannot be given`,
        expected: Object.keys(typeCodes).join(', '),
      });
      continue;
    }
    if (status === undefined) {
      problems.push({
        path: `${path}.rcode`,
        message: `"${record.rcode}" is no rcode`,
        expected: Object.keys(statusOfWord).join(', '),
      });
      continue;
    }
    if (name === undefined) continue;
    const key = questionKey(name, type);
    const answer = answers.get(key) ?? { status, records: [], ttlSeconds: 0 };
    answer.status = status;
    answers.set(key, answer);
    if (status !== 'ok') continue;
    for (const reply of record.replies) {
      const text = replyText(type, reply);
      if (text === undefined)
        problems.push({ path: `${path}.replies`, message: `"${reply}" is no ${type.toUpperCase()} record` });
      else answer.records.push(text);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  for (const answer of answers.values()) {
    if (answer.status !== 'ok') answer.records.length = 0;
    else if (answer.records.length === 0) answer.status = 'nodata';
  }
  return answers;
}

function isDnsType(text: string): text is DnsType {
  return Object.hasOwn(typeCodes, text);
}

function replyText(type: DnsType, reply: string): string | undefined {
  switch (type) {
    case 'a':
    case 'aaaa': {
      const ip = parseIp(reply.trim());
      return ip && ip.family === (type === 'a' ? 4 : 6) ? ip.text : undefined;
    }
    case 'ns':
    case 'ptr':
      return normaliseName(reply.trim());
    case 'mx': {
      const parts = /^\s*(\d{1,5})[\s:]+(\S+)\s*$/.exec(reply);
      if (!parts) return undefined;
      // RFC 7505: a single dot is the null MX.
      const host = parts[2] === '.' ? '' : normaliseName(parts[2]!);
      return host === undefined ? undefined : `${Number(parts[1])} ${host}`;
    }
    case 'soa': {
      const fields = reply.trim().split(/\s+/);
      if (fields.length !== 7 || !fields.slice(2).every((field) => /^\d{1,10}$/.test(field)))
        return undefined;
      const names = fields.slice(0, 2).map(normaliseName);
      return names.includes(undefined) ? undefined : [...names, ...fields.slice(2)].join(' ');
    }
    case 'txt':
      return reply;
  }
}
