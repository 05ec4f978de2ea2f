import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { launchPostern, launchRspamd } from './managed.ts';
import { launchRedis } from './redis.ts';
import { launchSpamAssassin } from './spam-assassin.ts';
import { type LaunchOptions, type Target, type TargetSpec, uniqueNames } from './target.ts';

export { parseTarget, type Target, type TargetSpec } from './target.ts';

/** Targets that are up, and what runs for them. */
export interface TargetSet {
  readonly targets: readonly Target[];
  stop(): Promise<void>;
}

function attach(spec: Extract<TargetSpec, { kind: 'attached' }>): Target {
  const { name, host, port, pid, controllerPort } = spec;
  return {
    name,
    description: `${host}:${port}${pid === undefined ? '' : `, process ${pid}`}`,
    host,
    ports: { http: port, rspamc: port, milter: port },
    controllerPort,
    pid,
    failure: () => undefined,
    stop: () => Promise.resolve(),
  };
}

async function startDns(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const worker = new Worker(new URL('./nxdomain-worker.ts', import.meta.url));
  const [port]: unknown[] = await once(worker, 'message');
  if (typeof port !== 'number') throw new TypeError('the DNS answerer told no port');
  return { port, stop: async () => void (await worker.terminate()) };
}

/** Brings up all targets one after the other. What was started is stopped again when one fails. */
export async function startTargets(
  specs: readonly TargetSpec[],
  options: Omit<LaunchOptions, 'dnsPort' | 'redisPort'> & {
    /** Will they be taught? Then the peer gets a Redis, which it needs for that. */
    readonly isTaught?: boolean;
  },
): Promise<TargetSet> {
  const targets: Target[] = [];
  const dns = specs.some(({ kind }) => kind !== 'attached') ? await startDns() : undefined;
  let redis: Awaited<ReturnType<typeof launchRedis>> | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all(targets.map((target) => target.stop()));
    await redis?.stop();
    await dns?.stop();
  };
  try {
    if (options.isTaught && specs.some(({ kind }) => kind === 'rspamd')) redis = await launchRedis();
    for (const spec of uniqueNames(specs)) {
      const launch = { ...options, dnsPort: dns?.port ?? 0, redisPort: redis?.port };
      if (spec.kind === 'attached') targets.push(attach(spec));
      else if (spec.kind === 'postern') targets.push(await launchPostern(spec, launch));
      else if (spec.kind === 'rspamd') targets.push(await launchRspamd(spec, launch));
      else targets.push(await launchSpamAssassin(spec, launch));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { targets, stop };
}
