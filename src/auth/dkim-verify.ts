import type { DkimOutcome, Header, Message } from '../core/index.ts';
import { signatureTags, tagName } from './signature-tags.ts';
import { withoutFws } from './tags.ts';
import { type VerifyContext, verifyMessageSignature } from './verify-signature.ts';

/** So many characters of `b=` tell signatures of one message apart (RFC 6008 4). */
const signatureStartLength = 8;
/** Longer values of `i=` are not worth a line in a header. */
const maxIdentityLength = 320;

const printable = /^[\x21-\x7e]+$/;

/** Verifies one DKIM-Signature of a message (RFC 6376 6.1). Never rejects. */
export async function verifyDkimSignature(
  message: Message,
  header: Header,
  context: VerifyContext,
): Promise<DkimOutcome> {
  const tags = signatureTags(message.raw, header);
  if (!tags) return { result: 'permerror', domain: '', selector: '', reason: 'no list of tags' };
  const outcome = await verifyMessageSignature(message, header, tags, context);
  const identity = withoutFws(tags.get('i') ?? '');
  const start = withoutFws(tags.get('b') ?? '').slice(0, signatureStartLength);
  return {
    ...outcome,
    domain: tagName(tags.get('d')) ?? '',
    selector: tagName(tags.get('s')) ?? '',
    ...(printable.test(identity) && identity.length <= maxIdentityLength && { identity }),
    ...(/^(?:rsa|ed25519)-sha\d+$/i.test(tags.get('a') ?? '') && { algorithm: tags.get('a')!.toLowerCase() }),
    ...(printable.test(start) && { signatureStart: start }),
  };
}
