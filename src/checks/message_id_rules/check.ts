import { z } from 'zod';
import { domainInfo } from '../../content/index.ts';
import { defineCheck, type InsertHit, type Mailbox } from '../../core/index.ts';

const symbols = {
  MID_BARE_IP: { score: 2, description: 'The host of the Message-ID is a bare IP address' },
  MID_RHS_IP_LITERAL: { score: 0.5, description: 'The host of the Message-ID is an IP address in brackets' },
  MID_RHS_NOT_FQDN: { score: 0.5, description: 'The host of the Message-ID has no dot' },
  MID_RHS_WWW: { score: 0.5, description: 'The host of the Message-ID begins with www' },
  MID_MISSING_BRACKETS: { score: 0.5, description: 'The Message-ID is not in angle brackets' },
  MID_CONTAINS_FROM: { score: 1, description: 'The address of From is part of the Message-ID' },
  MID_RHS_MATCH_FROM: { description: 'The host of the Message-ID is the domain of From' },
  MID_RHS_MATCH_FROMTLD: { description: 'The Message-ID and From belong to the same registered domain' },
  MID_CONTAINS_TO: { score: 1, description: 'The first recipient is part of the Message-ID' },
  MID_RHS_MATCH_TO: { score: 1, description: 'The host of the Message-ID is the domain of the recipient' },
  MID_END_EQ_FROM_USER_PART: {
    score: 4,
    description: 'The host of the Message-ID is the local part of From',
  },
} as const;

type Hit = InsertHit<keyof typeof symbols>;

const maxHostLength = 253;

function isIpv4(host: string): boolean {
  const last = host.charCodeAt(host.length - 1);
  return last >= 0x30 && last <= 0x39 && /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}

function judgeHost(host: string, hit: Hit): void {
  if (host.startsWith('[')) {
    if (/^\[(?:\d{1,3}(?:\.\d{1,3}){3}|ipv6:[\da-f:.]{2,45})\]$/.test(host)) hit('MID_RHS_IP_LITERAL');
  } else if (isIpv4(host)) hit('MID_BARE_IP');
  else if (host !== '' && !host.includes('.')) hit('MID_RHS_NOT_FQDN');
  else if (host.startsWith('www.')) hit('MID_RHS_WWW');
}

function registeredDomain(host: string): string | undefined {
  if (host.length > maxHostLength) return undefined;
  const { domain, hasSuffix } = domainInfo(host);
  return hasSuffix ? domain : undefined;
}

/** @param id the whole field in lower case, @param host what follows its last `@` */
function compareWithFrom(id: string, host: string | undefined, from: Mailbox, hit: Hit): void {
  if (id.includes(from.text.toLowerCase())) hit('MID_CONTAINS_FROM');
  else if (host === undefined) return;
  else if (host === from.domain) hit('MID_RHS_MATCH_FROM');
  else if (host !== '') {
    const registered = registeredDomain(host);
    if (registered !== undefined && registered === registeredDomain(from.domain))
      hit('MID_RHS_MATCH_FROMTLD');
  }
  if (host !== undefined && host === from.local.toLowerCase() && /^[a-z]+$/.test(host))
    hit('MID_END_EQ_FROM_USER_PART');
}

export const messageIdRules = defineCheck({
  name: 'message_id_rules',
  summary: 'Judges Message-IDs: hosts that are none, copies of addresses.',
  details:
    'Mail of every direction is looked at; rules of Rspamd without options of their own. What is said of From excludes one another (part of the Message-ID, its host, its registered domain), and so does what is said of the first recipient, who is left out when he is of the domain of From.',
  group: 'mid',
  stage: 'filter',
  direction: 'both',
  needs: ['headers'],
  config: z.strictObject({}),
  symbols,
  create() {
    return (task, hit) => {
      const { message } = task;
      const id = message.headers.first('message-id')?.value.toLowerCase();
      if (id === undefined || id === '') return;
      const isBracketed = id.startsWith('<') && id.indexOf('>') === id.length - 1 && id.length > 2;
      if (!isBracketed) hit('MID_MISSING_BRACKETS');
      const at = id.lastIndexOf('@');
      let host: string | undefined;
      if (at >= 0) {
        const end = id.indexOf('>', at);
        host = id.slice(at + 1, end < 0 ? undefined : end).trim();
        judgeHost(host, hit);
      }
      const from = message.from.find(({ domain }) => domain !== '');
      if (from) compareWithFrom(id, host, from, hit);
      const to = message.to[0] ?? message.cc[0];
      if (!to || to.domain === '' || to.domain === from?.domain) return;
      if (id.includes(to.text.toLowerCase())) hit('MID_CONTAINS_TO');
      else if (host === to.domain) hit('MID_RHS_MATCH_TO');
    };
  },
});
