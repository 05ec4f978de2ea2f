export {
  type SigningConfig,
  type SigningDefaults,
  signingShape,
  unsupportedSigningOptions,
} from './options.ts';
export { createSigner, type Signatory, type Signer } from './signer.ts';
