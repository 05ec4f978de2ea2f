export { type ArcRequest, arcSet, type SignedArcSet } from './arc-sign.ts';
export {
  type ArcOutcome,
  type ArcSet,
  type ArcStructure,
  readArcChain,
  verifyArcChain,
} from './arc-verify.ts';
export { type AuthResults, arcResult, trustedResults } from './auth-results.ts';
export { bodyHash } from './canonical.ts';
export { dkimSignature, type SignatureRequest } from './dkim-sign.ts';
export { parseSigningKey, type SigningKey } from './keys.ts';
export { comparePublished, type PublishedState } from './published.ts';
export {
  createSigner,
  type Signatory,
  type Signer,
  type SigningConfig,
  type SigningDefaults,
  signingShape,
  unsupportedSigningOptions,
} from './signing/index.ts';
export {
  evaluateSpf,
  PolicyCache,
  type SpfEvaluation,
} from './spf/index.ts';
