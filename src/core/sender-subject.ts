import type { SenderIdentity } from './direction.ts';
import { PosternError } from './errors.ts';

/** Kinds of a single sender, as the log names them. */
const senderKinds = ['login', 'script', 'site', 'uid', 'domain', 'ip', 'unknown'] as const;
type SenderKind = SenderIdentity['kind'];

const maxSubjectLength = 320;

/** Somebody whose mail is limited: one sender, or all of a level together. */
export type SenderSubject =
  | { readonly role: 'sender'; readonly kind: SenderKind; readonly value: string }
  | { readonly role: 'pool'; readonly kind: 'domain' | 'tenant'; readonly value: string }
  | { readonly role: 'pool'; readonly kind: 'local' | 'server' };

/** The sender of a message. Logins and domains are counted without regard to case, as servers compare them. */
export function senderOf({ kind, value }: SenderIdentity): Extract<SenderSubject, { role: 'sender' }> {
  const isCaseless = kind === 'login' || kind === 'domain';
  return { role: 'sender', kind, value: isCaseless ? value.toLowerCase() : value };
}

/** How a subject is named: in the store, in symbols, to administrators. */
export function subjectText(subject: SenderSubject): string {
  if (subject.role === 'sender') return `${subject.kind}:${subject.value}`;
  switch (subject.kind) {
    case 'domain':
      return `@${subject.value}`;
    case 'tenant':
      return `tenant:${subject.value}`;
    default:
      return subject.kind;
  }
}

/** Keys under which a sender stands in maps and in the configuration: logins without their kind. */
export function senderKey({ kind, value }: Extract<SenderSubject, { role: 'sender' }>): string {
  return kind === 'login' ? value : `${kind}:${value}`;
}

/** The domain a sender belongs to; scripts, sites and users of the machine have none. */
export function domainOf({ kind, value }: Extract<SenderSubject, { role: 'sender' }>): string | undefined {
  if (kind === 'domain') return value;
  if (kind !== 'login') return undefined;
  const at = value.lastIndexOf('@');
  return at >= 0 && at < value.length - 1 ? value.slice(at + 1) : undefined;
}

/**
 * What an administrator wrote: `alice@example.com` or `login:alice`, `script:…`, `@example.com`, `tenant:acme`,
 * `local`, `server`.
 *
 * @throws PosternError `protocol` for what is none
 */
export function parseSubject(text: string): SenderSubject {
  const written = text.trim();
  if (written === '' || written.length > maxSubjectLength || /[\x00-\x1f\x7f]/.test(written))
    throw new PosternError(
      'protocol',
      'a sender is expected, such as alice@example.com or script:33:form.php',
    );
  if (written === 'server' || written === 'local') return { role: 'pool', kind: written };
  if (written.startsWith('@')) return { role: 'pool', kind: 'domain', value: written.slice(1).toLowerCase() };
  if (written.startsWith('tenant:')) return { role: 'pool', kind: 'tenant', value: written.slice(7) };
  const kind = senderKinds.find((candidate) => written.startsWith(`${candidate}:`));
  if (kind === undefined) return senderOf({ kind: 'login', value: written });
  return senderOf({ kind, value: written.slice(kind.length + 1) });
}
