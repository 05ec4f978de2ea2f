import type { Envelope } from './envelope.ts';

/** Is this mail that nobody sends now: a scan with the command line client or through the controller? */
export function isOperatorScan({ userAgent, request }: Envelope): boolean {
  return userAgent?.toLowerCase() === 'rspamc' || request.get('password') !== undefined;
}
