import { z } from 'zod';
import {
  type Envelope,
  type LimitChange,
  type LimitsService,
  type MailAddress,
  PosternError,
  parseSubject,
  RequestHeaderList,
  subjectText,
} from '../../core/index.ts';
import { parseIp } from '../../lib/index.ts';
import { forwardedFor } from './authentication.ts';
import { mistake, parseBody } from './request.ts';
import type { Route, RouteContext, RouteRequest } from './route.ts';

const person = { subject: z.string(), owner: z.string(), reason: z.string() };
const exceptBody = z.strictObject({
  ...person,
  messages: z.string().optional(),
  recipients: z.string().optional(),
  until_ms: z.number(),
});
const revokeBody = z.strictObject({ ...person, id: z.string().optional() });
const resetBody = z.strictObject(person);

const defaultAuditRows = 100;
const maxAuditRows = 10_000;
const maxOriginLength = 100;

/** Where a change comes from, for the audit trail: the peer, and for whom a proxy in front says it asks. */
function originOf({ http }: RouteRequest): string {
  const peer = http.raw.socket.remoteAddress ?? 'unix';
  const behind = forwardedFor(http.raw);
  return (behind === undefined ? peer : `${peer} for ${behind}`).slice(0, maxOriginLength);
}

function addressOf(text: string): MailAddress {
  const at = text.lastIndexOf('@');
  return { text, local: text.slice(0, at), domain: text.slice(at + 1).toLowerCase() };
}

/** An envelope as mail of this sender has it, by which the check `ratelimit` finds its buckets; undefined: it has none. */
function envelopeOf(subject: string): Envelope | undefined {
  const base: Envelope = {
    door: 'controller',
    senderEsmtp: new Map(),
    recipients: [],
    flags: new Set(),
    malformed: [],
    request: new RequestHeaderList(),
  };
  if (subject.startsWith('ip:')) return { ...base, clientIp: parseIp(subject.slice(3)) };
  if (!subject.startsWith('login:')) return undefined;
  const login = subject.slice(6);
  return { ...base, login, ...(login.includes('@') && { sender: addressOf(login) }) };
}

/** The one name of a subject, however it was written. */
function nameOf(subject: string): string {
  return subjectText(parseSubject(subject));
}

/** Limits of senders: looking at them and changing them while the server runs. */
export function createLimitsRoutes({ control, settings, clock }: RouteContext): readonly Route[] {
  const service = (): LimitsService => {
    if (!control.limits) throw mistake(404, 'no limits are configured: the section `limits` sets none');
    return control.limits;
  };
  const buckets = async (subject: string, then: 'show' | 'reset') => {
    const envelope = envelopeOf(subject);
    return envelope ? control.buckets(envelope, then) : [];
  };
  const change = (
    request: RouteRequest,
    { subject, owner, reason }: Readonly<Record<keyof typeof person, string>>,
  ): LimitChange => ({ subject, owner, reason, origin: originOf(request) });
  /** Without limits of ours there may still be buckets, and who empties them is to be known as well. */
  const reset = async (asked: LimitChange): Promise<string> => {
    const subject = nameOf(asked.subject);
    if (control.limits) {
      await control.limits.reset(asked);
      return subject;
    }
    const { owner, reason, origin } = asked;
    if (owner.trim() === '' || reason.trim() === '') throw mistake(400, 'owner and reason are needed');
    await settings().records.addAudit({
      timeMs: clock.now(),
      area: 'limits',
      verb: 'reset',
      subject,
      owner,
      origin,
      reason,
      untilMs: null,
      details: {},
    });
    return subject;
  };
  return [
    {
      path: '/limits',
      privilege: 'read',
      answer: async ({ argument }) => {
        const subject = argument('subject');
        if (subject === undefined)
          return { ...(await service().show('server')), exceptions: await service().exceptions() };
        const report = control.limits
          ? await control.limits.show(subject)
          : { subject: nameOf(subject), domain: null, tenant: null, scopes: [] };
        return { ...report, buckets: await buckets(report.subject, 'show') };
      },
    },
    {
      path: '/limits/except',
      privilege: 'write',
      answer: (request) => {
        const { messages, recipients, until_ms: untilMs, ...who } = parseBody(request.body, exceptBody);
        return service().except({ ...change(request, who), messages, recipients, untilMs });
      },
    },
    {
      path: '/limits/revoke',
      privilege: 'write',
      answer: async (request) => {
        const { id, ...who } = parseBody(request.body, revokeBody);
        return { success: true, ids: await service().revoke({ ...change(request, who), id }) };
      },
    },
    {
      path: '/limits/reset',
      privilege: 'write',
      answer: async (request) => {
        const subject = await reset(change(request, parseBody(request.body, resetBody)));
        return { success: true, subject, buckets: await buckets(subject, 'reset') };
      },
    },
    {
      path: '/limits/audit',
      privilege: 'read',
      answer: async ({ argument }) => {
        const rows = Number(argument('rows') ?? defaultAuditRows);
        if (!Number.isInteger(rows) || rows < 1 || rows > maxAuditRows)
          throw new PosternError('protocol', `rows must be a number up to ${maxAuditRows}`);
        const subject = argument('subject');
        const name = subject === undefined ? undefined : nameOf(subject);
        return settings().records.audit({ area: 'limits', subject: name, maxRows: rows });
      },
    },
  ];
}
