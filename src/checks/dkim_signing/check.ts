import { z } from 'zod';
import {
  createSigner,
  dkimSignature,
  type SigningDefaults,
  signingShape,
  unsupportedSigningOptions,
} from '../../auth/index.ts';
import { defineCheck } from '../../core/index.ts';

const defaults: SigningDefaults = {
  kind: 'dkim',
  signAuthenticated: true,
  signLocal: true,
  signInbound: false,
  allowHeaderFromMismatch: false,
  useDomain: 'header',
  selector: 'dkim',
  path: '',
  keyPrefix: 'DKIM_KEYS',
  symbol: 'DKIM_SIGNED',
};

const config = z.strictObject({
  ...signingShape(defaults),
  use_milter_headers: z
    .boolean()
    .default(false)
    .describe('Hand the signature over among the header changes instead of `dkim-signature`'),
});

export const dkimSigning = defineCheck({
  name: 'dkim_signing',
  summary: 'Signs outgoing mail with DKIM (RFC 6376), by RSA or Ed25519 (RFC 8463).',
  details: [
    'Signs mail with a login and mail from local addresses when there is a key for the domain of its header From:',
    'without further configuration in `dkim/DOMAIN.dkim.key` below the state folder. `postern dkim keygen` makes keys,',
    '`postern dkim check` compares them with DNS. A message that is not signed says why in the log and in the metric',
    '`postern_unsigned_total`.',
    '',
    'When the action is `rewrite subject`, the subject is left out of the signature, for it changes on its way.',
  ].join('\n'),
  group: 'policies',
  stage: 'final',
  priority: -1,
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: unsupportedSigningOptions,
  symbols: {
    DKIM_SIGNED: { description: 'The message was signed', ref: 'RFC 6376', groups: ['policies', 'dkim'] },
  },
  create(context) {
    const { stateDir, clock, metrics } = context;
    const settings = {
      ...context.config,
      path: context.config.path || `${stateDir}/dkim/$domain.$selector.key`,
    };
    const signer = createSigner({ ...context, config: settings }, 'DKIM');
    const symbol = context.rename('DKIM_SIGNED', settings.symbol);
    const signed = metrics.counter('postern_signed_total', 'Signatures made', ['kind', 'algorithm']);
    return {
      name: 'DKIM_SIGNED',
      symbols: [symbol],
      waits: true,
      async run(task, hit) {
        const signatories = await signer.signatories(task);
        if (signatories.length === 0) return;
        const { message } = task;
        const timestamp = Math.floor(clock.now() / 1000);
        const headers = signer.headersOf(task);
        for (const signatory of signatories) {
          const value = dkimSignature(message, { ...signatory, headers, timestamp });
          if (settings.use_milter_headers) {
            task.milter.addHeaders.push({
              name: 'DKIM-Signature',
              value: value.replaceAll('\r\n', '\n'),
              order: 1,
            });
          } else {
            task.dkimSignatures.push(value);
          }
          hit(symbol, 1, `${signatory.domain}:s=${signatory.selector}`);
          signed.add(1, { kind: 'DKIM', algorithm: signatory.key.algorithm });
        }
      },
    };
  },
});
