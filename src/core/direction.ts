import type { IpAddress } from '../lib/index.ts';
import { isIntrinsicallyLocal } from '../lib/index.ts';
import type { Envelope } from './envelope.ts';
import type { Message } from './message.ts';

/** Which way a message goes: two flags that are kept apart (outbound-matrix 0). */
export interface Direction {
  /** The MTA named a login. */
  readonly isAuthenticated: boolean;
  /** The client is loopback, link-local, a unix socket or in `local_addrs`, or a program on Exim's own host. */
  readonly isLocal: boolean;
  /** Either of the two. */
  readonly isOutbound: boolean;
}

/** What decides the direction besides the envelope. */
export interface LocalAddresses {
  has(ip: IpAddress): boolean;
}

/**
 * Exim names the client's address for all mail that came over the network, so mail without that line was injected on
 * its own host (`sendmail -t`, `-bs`; wire-protocols 2.2). A line that does not parse says nothing of the kind.
 */
function isInjectedIntoExim({ door, request }: Envelope): boolean {
  return door === 'rspamc' && request.get('ip') === undefined;
}

/** Decides the direction of a message once. */
export function decideDirection(envelope: Envelope, localAddresses: LocalAddresses): Direction {
  const isAuthenticated = envelope.login !== undefined;
  const { clientIp } = envelope;
  const isLocal =
    envelope.clientSocketPath !== undefined ||
    isInjectedIntoExim(envelope) ||
    (clientIp !== undefined && (isIntrinsicallyLocal(clientIp) || localAddresses.has(clientIp)));
  return { isAuthenticated, isLocal, isOutbound: isAuthenticated || isLocal };
}

/** Who sent a message, as limits, log and incidents know it. */
export interface SenderIdentity {
  readonly kind: 'login' | 'script' | 'site' | 'uid' | 'domain' | 'ip' | 'unknown';
  readonly value: string;
  /** Header the value was read from, for `script`, `site` and `uid`. */
  readonly origin?: string | undefined;
}

/**
 * The sender of a message, in order: login; script, site or user named in origin headers (believed on local
 * submissions only, since anybody can write them); domain of the envelope sender; client IP.
 */
export function identifySender(envelope: Envelope, direction: Direction, message: Message): SenderIdentity {
  if (envelope.login !== undefined && envelope.login !== '') return { kind: 'login', value: envelope.login };
  if (direction.isLocal && !direction.isAuthenticated) {
    const origin = originIdentity(message);
    if (origin) return origin;
  }
  if (envelope.sender?.domain) return { kind: 'domain', value: envelope.sender.domain };
  if (envelope.clientIp) return { kind: 'ip', value: envelope.clientIp.text };
  if (envelope.clientSocketPath !== undefined) return { kind: 'ip', value: envelope.clientSocketPath };
  return { kind: 'unknown', value: 'unknown' };
}

const maxIdentityLength = 256;

function clean(text: string): string {
  return text.trim().slice(0, maxIdentityLength);
}

function originIdentity(message: Message): SenderIdentity | undefined {
  const { headers } = message;
  const first = (key: string): string => clean(headers.first(key)?.value ?? '');

  // Exim and cPanel write the login of an authenticated local submission.
  const authenticated =
    first('x-authenticated-user') || first('x-authenticated-sender') || first('x-authenticated-id');
  if (authenticated) return { kind: 'login', value: authenticated, origin: 'X-Authenticated-User' };

  // PHP mail.add_x_header: "uid:script.php".
  const phpOriginating = first('x-php-originating-script');
  if (phpOriginating) {
    const colon = phpOriginating.indexOf(':');
    const script = colon < 0 ? phpOriginating : phpOriginating.slice(colon + 1).trim();
    const uid = colon < 0 ? '' : phpOriginating.slice(0, colon).trim();
    // The header names the file without its folder, so the owner's uid is needed to tell two sites apart.
    return { kind: 'script', value: uid ? `${uid}:${script}` : script, origin: 'X-PHP-Originating-Script' };
  }

  // DirectAdmin, Plesk and cPanel PHP: "site.example/path/script.php for 198.51.100.7".
  const phpScript = first('x-php-script');
  if (phpScript)
    return { kind: 'script', value: phpScript.split(' for ', 1)[0]!.trim(), origin: 'X-PHP-Script' };

  // cPanel's Exim: X-Source is the program, X-Source-Args its command line, X-Source-Dir "account:/public_html/x".
  const sourceDir = first('x-source-dir');
  if (sourceDir) return { kind: 'site', value: sourceDir, origin: 'X-Source-Dir' };
  const sourceArgs = first('x-source-args');
  if (sourceArgs) return { kind: 'script', value: sourceArgs, origin: 'X-Source-Args' };
  const source = first('x-source');
  if (source) return { kind: 'script', value: source, origin: 'X-Source' };

  // Postfix pickup: "Received: by host (Postfix, from userid 33)".
  for (const hop of message.received) {
    if (hop.userId !== undefined) return { kind: 'uid', value: hop.userId, origin: 'Received' };
  }
  return undefined;
}
