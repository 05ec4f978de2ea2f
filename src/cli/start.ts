import cluster from 'node:cluster';
import { checks } from '../checks/index.ts';
import { toPosternError } from '../core/index.ts';

/** Runs the command line, or the worker that the primary told this process to be. */
export async function start(): Promise<void> {
  try {
    await run();
  } catch (error) {
    const failure = toPosternError(error);
    process.stderr.write(`postern: ${failure.message}\n`);
    // A fault of ours needs its stack; a mistake of the operator does not.
    if (failure.code === 'internal' && failure.cause instanceof Error)
      process.stderr.write(`${failure.cause.stack}\n`);
    process.exit(failure.kind.exitCode);
  }
}

/** A worker process is this same program, told its role by the primary. */
async function run(): Promise<void> {
  if (cluster.isWorker) {
    const { runWorker } = await import('../daemon/index.ts');
    await runWorker(checks);
    return;
  }
  const { createProgram } = await import('./program.ts');
  await createProgram().parseAsync(process.argv);
}
