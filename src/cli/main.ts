import cluster from 'node:cluster';
import { checks } from '../checks/index.ts';
import { toPosternError } from '../core/index.ts';

/** A worker process is this same program, told its role by the primary. */
async function main(): Promise<void> {
  if (cluster.isWorker) {
    const { runWorker } = await import('../daemon/index.ts');
    await runWorker(checks);
    return;
  }
  const { createProgram } = await import('./program.ts');
  await createProgram().parseAsync(process.argv);
}

try {
  await main();
} catch (error) {
  const failure = toPosternError(error);
  process.stderr.write(`postern: ${failure.message}\n`);
  // A fault of ours needs its stack; a mistake of the operator does not.
  if (failure.code === 'internal' && failure.cause instanceof Error)
    process.stderr.write(`${failure.cause.stack}\n`);
  process.exit(failure.kind.exitCode);
}
