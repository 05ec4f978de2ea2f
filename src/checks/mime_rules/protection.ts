import type { Part } from '../../core/index.ts';

/** The symbol for what protects a message, by one of its parts. */
export function protectionOf({
  kind,
  contentType,
}: Part): 'ENCRYPTED_PGP' | 'ENCRYPTED_SMIME' | 'SIGNED_PGP' | 'SIGNED_SMIME' | undefined {
  if (kind === 'signature')
    return contentType === 'application/pgp-signature' ? 'SIGNED_PGP' : 'SIGNED_SMIME';
  if (contentType === 'application/pgp-encrypted') return 'ENCRYPTED_PGP';
  return contentType.endsWith('pkcs7-mime') ? 'ENCRYPTED_SMIME' : undefined;
}

/** The message that a part belongs to: the whole one, or one that is attached. */
function messageOf(part: Part): Part | undefined {
  let { parent } = part;
  while (parent && parent.kind !== 'message') parent = parent.parent;
  return parent;
}

/** Is there text to read, and not PGP's own? */
function isReadable(part: Part): boolean {
  const text = part.text().trimStart();
  return text !== '' && !text.startsWith('-----BEGIN PGP');
}

/** Has one message both encrypted parts and text that anybody can read? */
export function hasTextBesideEncrypted(parts: readonly Part[]): boolean {
  const encrypted = new Set<Part | undefined>();
  for (const part of parts) if (part.kind === 'encrypted') encrypted.add(messageOf(part));
  return parts.some(
    (part) =>
      part.kind === 'text' && !part.isAttachment && encrypted.has(messageOf(part)) && isReadable(part),
  );
}
