import { type ArcOutcome, cachedKeys, readArcChain, signerDomain, verifyArcChain } from '../../auth/index.ts';
import type { CheckContext, MapHandle, Task } from '../../core/index.ts';
import type { ArcOptions } from './options.ts';

/** Half of a scan's time: DMARC waits for the result, and the rest has to run. */
const shareOfTask = 0.5;
const defaultTaskTimeoutMs = 8000;
/** As many keys, as long as those of DKIM are kept by default. */
const keyCache = { maxEntries: 2000, maxSeconds: 86_400 };

const noDomains: ReadonlySet<string> = new Set();

/** Those of the domains that a map holds. */
export async function listedIn(
  map: MapHandle,
  domains: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const listed = new Set<string>();
  for (const domain of domains) {
    const found = map.isExternal ? await map.ask(domain, signal) : map.lookup(domain);
    if (domain !== '' && found !== undefined) listed.add(domain);
  }
  return listed;
}

/** Who sealed or signed in a chain. */
export function chainDomains(outcome: Pick<ArcOutcome, 'structure'>): ReadonlySet<string> {
  const { structure } = outcome;
  if (structure.status !== 'chain') return noDomains;
  return new Set(
    structure.sets.flatMap((set) => [signerDomain(set.sealTags), signerDomain(set.signatureTags)]),
  );
}

/** Verifies the chain of a message once, whoever asks: the check, and the seal that follows. */
export function createChainReader(
  { dns, clock, options }: CheckContext<ArcOptions, string>,
  whitelist: MapHandle | undefined,
): (task: Task) => Promise<ArcOutcome> {
  const keys = cachedKeys(dns, clock, keyCache);
  const deadlineMs = (options.taskTimeoutMs ?? defaultTaskTimeoutMs) * shareOfTask;
  const read = new WeakMap<Task, Promise<ArcOutcome>>();

  const verify = async ({ message, signal }: Task): Promise<ArcOutcome> => {
    const overlooked = whitelist
      ? await listedIn(whitelist, chainDomains({ structure: readArcChain(message) }), signal)
      : noDomains;
    return verifyArcChain(message, {
      keys,
      nowSeconds: Math.floor(clock.now() / 1000),
      signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
      overlooks: (domain) => overlooked.has(domain),
    });
  };

  return (task) => {
    let outcome = read.get(task);
    if (!outcome) {
      outcome = verify(task);
      read.set(task, outcome);
    }
    return outcome;
  };
}
