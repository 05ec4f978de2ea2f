export { bodyHash, relaxedBody, relaxedHeader, relaxedValue } from './canonical.ts';
export {
  appendSignature,
  dkimSignature,
  foldTags,
  headerInput,
  type SignatureRequest,
  signInput,
} from './dkim-sign.ts';
export { parseSigningKey, type SigningKey } from './keys.ts';
export { comparePublished, type PublishedState, parseTags } from './published.ts';
export { defaultSignHeaders, parseSignHeaders, type SignedHeader, selectHeaders } from './signed-headers.ts';
export {
  createSigner,
  KeyCache,
  type Signatory,
  type Signer,
  type SigningConfig,
  type SigningDefaults,
  signingShape,
  unsupportedSigningOptions,
} from './signing/index.ts';
