import type { PartKind } from '../core/index.ts';

const typePattern = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/;

/** Is this a `type/subtype` of RFC 2045 5.1? */
export function isContentType(value: string): boolean {
  return value.length <= 255 && typePattern.test(value);
}

const kindsByType: ReadonlyMap<string, PartKind> = new Map([
  ['text/calendar', 'calendar'],
  ['application/ics', 'calendar'],
  ['application/pgp-signature', 'signature'],
  ['application/pkcs7-signature', 'signature'],
  ['application/x-pkcs7-signature', 'signature'],
  ['application/pgp-encrypted', 'encrypted'],
  ['application/ms-tnef', 'tnef'],
  ['application/vnd.ms-tnef', 'tnef'],
]);

/** The kind that a declared type says by itself. S/MIME messages and TNEF in disguise need a look at the content. */
export function kindOfType(contentType: string): PartKind {
  const slash = contentType.indexOf('/');
  switch (contentType.slice(0, slash)) {
    case 'multipart':
      return 'multipart';
    case 'message':
      return 'message';
    case 'image':
      return 'image';
    case 'text':
      return contentType === 'text/calendar' ? 'calendar' : 'text';
    default:
      return kindsByType.get(contentType) ?? 'other';
  }
}

/** Is this a container of a whole message (RFC 2046 5.2.1, RFC 6532 3.7, and their forerunner in news)? */
export function isMessageContainer(contentType: string): boolean {
  return (
    contentType === 'message/rfc822' || contentType === 'message/global' || contentType === 'message/news'
  );
}

/** Is this an S/MIME message (RFC 8551 3.2)? */
export function isSmimeMessage(contentType: string): boolean {
  return contentType === 'application/pkcs7-mime' || contentType === 'application/x-pkcs7-mime';
}

// DER of the content types' object identifiers (RFC 5652 4, 5.1, 6.1; RFC 5083 2.1).
const signedDataOid = Buffer.from('2a864886f70d010702', 'hex');
const envelopedDataOid = Buffer.from('2a864886f70d010703', 'hex');
const authEnvelopedDataOid = Buffer.from('2a864886f70d0109100117', 'hex');

/**
 * What an S/MIME message holds: by its `smime-type` (RFC 8551 3.2.2), and where that is missing by the content type
 * at the start of its DER.
 *
 * @param smimeType the parameter, undefined when absent
 * @param head the first decoded bytes of the part, 32 are enough
 */
export function kindOfSmime(smimeType: string | undefined, head: Buffer): PartKind {
  switch (smimeType?.toLowerCase()) {
    case 'enveloped-data':
    case 'authenveloped-data':
      return 'encrypted';
    case 'signed-data':
    case 'certs-only':
      return 'signature';
    case undefined:
      if (head.includes(envelopedDataOid) || head.includes(authEnvelopedDataOid)) return 'encrypted';
      return head.includes(signedDataOid) ? 'signature' : 'other';
    default:
      return 'other';
  }
}

/** Do these decoded bytes begin with the signature of TNEF (MS-OXTNEF 2.1.3.1: 0x223E9F78)? */
export function isTnef(head: Uint8Array): boolean {
  return head[0] === 0x78 && head[1] === 0x9f && head[2] === 0x3e && head[3] === 0x22;
}
