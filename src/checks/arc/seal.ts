import {
  type ArcOutcome,
  arcResult,
  arcSet,
  authResultTexts,
  createSigner,
  readArcChain,
  trustedResults,
} from '../../auth/index.ts';
import type { CheckContext, CheckUnit, InsertHit, Task } from '../../core/index.ts';
import type { ArcOptions } from './options.ts';

/** Makes the unit that seals. */
export function createSealing<Sym extends string>(
  context: CheckContext<ArcOptions, Sym>,
  chainOf: (task: Task) => Promise<ArcOutcome>,
  sign: { readonly symbol: Parameters<InsertHit<Sym>>[0] },
): CheckUnit<Sym> {
  const { stateDir, clock, metrics, options } = context;
  const settings = {
    ...context.config,
    path: context.config.path || `${stateDir}/arc/$domain.$selector.key`,
  };
  const signer = createSigner({ ...context, config: settings }, 'ARC');
  const signed = metrics.counter('postern_signed_total', 'Signatures made', ['kind', 'algorithm']);
  const trusted = new Set(
    [settings.trusted_authserv_id ?? options.hostName].flat().map((name) => name.toLowerCase()),
  );

  /** State of the chain and its sets, or why nothing can be added to it. */
  const judgeChain = async (task: Task, told: ReturnType<typeof arcResult>) => {
    const structure = readArcChain(task.message);
    if (structure.status === 'none') return { cv: 'none', sets: [] } as const;
    if (structure.status === 'failed') return { refused: 'the chain is sealed as failed' };
    if (structure.status === 'broken') return { refused: 'the chain is broken', why: structure.reason };
    const { sets } = structure;
    if (told === 'pass' || told === 'fail') return { cv: told, sets };
    const { cv, isTemporary } = await chainOf(task);
    return isTemporary ? { refused: 'the chain cannot be checked now' } : { cv, sets };
  };

  /** What we found ourselves; a login stays ours. */
  const ownResults = ({ authentication, envelope }: Task, cv: ArcOutcome['cv']): readonly string[] =>
    authResultTexts({
      ...authentication,
      arc: authentication.arc ?? { result: cv, sealers: [] },
      ...(envelope.login !== undefined && { auth: { login: undefined } }),
    });

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
    const reused = settings.reuse_auth_results ? trustedResults(message.headers, trusted) : undefined;
    const judged = await judgeChain(task, reused && arcResult(reused));
    if ('refused' in judged) {
      signer.leaveUnsigned(task, judged.refused, { why: judged.why });
      return undefined;
    }
    const set = arcSet(message, {
      ...signatory,
      ...judged,
      headers: signer.headersOf(task),
      timestamp: Math.floor(clock.now() / 1000),
      authservId: reused?.authservId ?? task.envelope.mtaName ?? options.hostName,
      results: reused?.results ?? ownResults(task, judged.cv),
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
    stage: 'final',
    priority: -1,
    symbols: [sign.symbol],
    waits: true,
    async run(task, hit) {
      const option = await seal(task);
      if (option !== undefined) hit(sign.symbol, 1, option);
    },
  };
}
