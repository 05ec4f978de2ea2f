import { z } from 'zod';
import {
  arcResult,
  arcSet,
  bodyHash,
  createSigner,
  readArcChain,
  type SigningDefaults,
  signingShape,
  trustedResults,
  unsupportedSigningOptions,
  verifyArcChain,
} from '../../auth/index.ts';
import { defineCheck, type Task } from '../../core/index.ts';

const defaults: SigningDefaults = {
  kind: 'arc',
  signAuthenticated: false,
  signLocal: false,
  signInbound: true,
  allowHeaderFromMismatch: true,
  useDomain: 'recipient',
  selector: 'arc',
  path: '',
  keyPrefix: 'ARC_KEYS',
  symbol: 'ARC_SIGNED',
};

const config = z.strictObject({
  ...signingShape(defaults),
  sign_symbol: z.string().optional().describe('The same as `symbol`, by the name it has in Rspamd'),
  symbol_sign: z.string().optional().describe('The same, as Rspamd’s stock file has it'),
  reuse_auth_results: z
    .boolean()
    .default(false)
    .describe('Seal the Authentication-Results that a trusted server wrote, and believe its `arc=`'),
  trusted_authserv_id: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('Names of the servers whose Authentication-Results are trusted. Default: our own host name'),
});

const checkingComesLater = 'chains are sealed here, their check is not implemented';

export const arc = defineCheck({
  name: 'arc',
  summary: 'Seals mail that is passed on with ARC (RFC 8617).',
  details: [
    'A forwarder breaks DKIM and SPF; its seal tells the next server what it saw before. As in Rspamd only inbound',
    'mail is sealed, with the domain of its first recipient, when there is a key: without further configuration in',
    '`arc/DOMAIN.arc.key` below the state folder. The key must be RSA, since other servers know no other for ARC.',
    '',
    'The chain that came with a message is validated first: `cv=none` for the first seal, then `pass` or `fail`. A',
    'chain that is malformed, that another server sealed as failed, or whose keys DNS does not tell at the moment is',
    'left as it is.',
  ].join('\n'),
  group: 'policies',
  stage: 'final',
  priority: -1,
  direction: 'both',
  needs: ['headers'],
  config,
  unsupported: {
    ...unsupportedSigningOptions,
    whitelisted_signers_map: checkingComesLater,
    adjust_dmarc: checkingComesLater,
    whitelist: checkingComesLater,
    symbols: checkingComesLater,
    seal_order: 'the order is always seal, message signature, results',
  },
  symbols: {
    ARC_SIGNED: { description: 'The message was sealed', ref: 'RFC 8617', groups: ['policies', 'arc'] },
  },
  create(context) {
    const { stateDir, clock, metrics, dns, options } = context;
    const settings = {
      ...context.config,
      path: context.config.path || `${stateDir}/arc/$domain.$selector.key`,
    };
    const signer = createSigner({ ...context, config: settings }, 'ARC');
    const symbol = context.rename(
      'ARC_SIGNED',
      settings.sign_symbol ?? settings.symbol_sign ?? settings.symbol,
    );
    const signed = metrics.counter('postern_signed_total', 'Signatures made', ['kind', 'algorithm']);
    const trusted = new Set(
      [settings.trusted_authserv_id ?? options.hostName].flat().map((name) => name.toLowerCase()),
    );

    /** State of the chain and its sets, or why nothing can be added to it. */
    const judgeChain = async ({ message, signal }: Task, told: ReturnType<typeof arcResult>, now: number) => {
      const structure = readArcChain(message);
      if (structure.status === 'none') return { cv: 'none', sets: [] } as const;
      if (structure.status === 'failed') return { refused: 'the chain is sealed as failed' };
      if (structure.status === 'broken') return { refused: 'the chain is broken', why: structure.reason };
      const { sets } = structure;
      if (told === 'pass' || told === 'fail') return { cv: told, sets };
      const { cv, isTemporary } = await verifyArcChain(message, { dns, nowSeconds: now, signal });
      return isTemporary ? { refused: 'the chain cannot be checked now' } : { cv, sets };
    };

    const seal = async (task: Task): Promise<string | undefined> => {
      const signatories = await signer.signatories(task);
      if (signatories.length === 0) return undefined;
      // RFC 8617 4.1.2 and 4.1.3 know RSA only, and there is one seal for each instance.
      const signatory = signatories.find(({ key }) => key.algorithm === 'rsa-sha256');
      if (!signatory) {
        signer.leaveUnsigned(task, 'ARC needs an RSA key');
        return undefined;
      }
      const { message } = task;
      const nowSeconds = Math.floor(clock.now() / 1000);
      const reused = settings.reuse_auth_results ? trustedResults(message.headers, trusted) : undefined;
      const told = reused && arcResult(reused);
      const judged = await judgeChain(task, told, nowSeconds);
      if ('refused' in judged) {
        signer.leaveUnsigned(task, judged.refused, { why: judged.why });
        return undefined;
      }
      const set = arcSet(message, bodyHash(message.raw, message.bodyOffset), {
        ...signatory,
        ...judged,
        headers: signer.headersOf(task),
        timestamp: nowSeconds,
        authservId: reused?.authservId ?? options.hostName,
        results: reused?.results ?? [`arc=${judged.cv}`],
      });
      // Each is inserted at the same place: the last one comes to stand on top.
      for (const [name, value] of [
        ['ARC-Authentication-Results', set.authResults],
        ['ARC-Message-Signature', set.signature],
        ['ARC-Seal', set.seal],
      ] as const) {
        task.milter.addHeaders.push({ name, value: value.replaceAll('\r\n', '\n'), order: 1 });
      }
      signed.add(1, { kind: 'ARC', algorithm: signatory.key.algorithm });
      return `${signatory.domain}:s=${signatory.selector}:i=${set.instance}`;
    };

    return {
      name: 'ARC_SIGNED',
      symbols: [symbol],
      waits: true,
      async run(task, hit) {
        const option = await seal(task);
        if (option !== undefined) hit(symbol, 1, option);
      },
    };
  },
});
