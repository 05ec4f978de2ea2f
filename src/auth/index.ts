export { type ArcRequest, arcSet, type SignedArcSet } from './arc-sign.ts';
export {
  type ArcOutcome,
  type ArcSet,
  type ArcStructure,
  type ArcVerifyContext,
  readArcChain,
  signerDomain,
  signerSelector,
  verifyArcChain,
} from './arc-verify.ts';
export {
  type AuthResults,
  arcResult,
  claimsToBeFrom,
  parseAuthResults,
  resultOf,
  trustedResults,
} from './auth-results.ts';
export {
  type AuthMethod,
  authResultTexts,
  foldAuthResults,
  type ResultsToWrite,
} from './auth-results-write.ts';
export { dkimSignature, type SignatureRequest } from './dkim-sign.ts';
export { verifyDkimSignature } from './dkim-verify.ts';
export { cachedKeys, type KeyFinder } from './key-finder.ts';
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
