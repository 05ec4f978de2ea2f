import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A long-running program started by a test, with everything it said. */
export interface Daemon {
  readonly pid: number;
  /** Everything written to stdout and stderr so far (the last 256 KiB). */
  output(): string;
  /** True until the program has ended. */
  isRunning(): boolean;
  /** Sends `signal`, waits for the end and kills the whole process group after `graceMs`. */
  stop(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<void>;
}

export interface DaemonOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

const OUTPUT_LIMIT_BYTES = 256 * 1024;
const running = new Set<ChildProcess>();

const killGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // ESRCH: the group has ended already, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

// A test run that is interrupted must not leave mail servers behind.
process.on('exit', () => {
  for (const child of running) killGroup(child, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

/** Starts a program in a process group of its own, so that stopping it stops its children too. */
export function startDaemon(command: string, args: readonly string[], options: DaemonOptions = {}): Daemon {
  const child = spawn(command, args, {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString('latin1')).slice(-OUTPUT_LIMIT_BYTES);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let ended = false;
  const end = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      keep(Buffer.from(`${error.message}\n`));
      ended = true;
      resolve();
    });
    child.once('exit', () => {
      ended = true;
      resolve();
    });
  });
  return {
    pid: child.pid ?? 0,
    output: () => text,
    isRunning: () => !ended,
    async stop({ signal = 'SIGTERM', graceMs = 10_000 } = {}) {
      if (!ended) child.kill(signal);
      const outcome = await Promise.race([end.then(() => 'ended'), sleep(graceMs, 'slow', { ref: false })]);
      killGroup(child, 'SIGKILL');
      await end;
      running.delete(child);
      if (outcome === 'slow') throw new Error(`${command} did not stop within ${graceMs} ms of ${signal}`);
    },
  };
}

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a non-zero exit code is a value, not an error. */
export async function run(
  command: string,
  args: readonly string[],
  options: DaemonOptions & { input?: string | Buffer } = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that refuses its input early closes the pipe; its exit code tells the story.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** Like {@link run}, but throws with the program's own words when it fails. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: DaemonOptions & { input?: string | Buffer } = {},
): Promise<CommandResult> {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`,
    );
  }
  return result;
}

/** Loopback ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    ports.push((server.address() as { port: number }).port);
  }
  for (const server of servers) server.close();
  return ports;
}

/** Asks again until `probe` gives a value; throws what `describe` says when the time is over. */
export async function waitUntil<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  {
    timeoutMs = 20_000,
    everyMs = 20,
    describe,
  }: { timeoutMs?: number; everyMs?: number; describe: () => string },
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadlineMs) throw new Error(describe());
    await sleep(everyMs);
  }
}

const accepts = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(undefined));
  });

/** Waits until every port accepts connections; stops the daemon and throws with its output when one does not. */
export async function waitForPorts(
  daemon: Daemon,
  ports: readonly number[],
  timeoutMs = 20_000,
): Promise<void> {
  try {
    for (const port of ports) {
      const describe = (): string => `nothing listens on port ${port}:\n${daemon.output()}`;
      const probe = (): Promise<true | undefined> => {
        if (!daemon.isRunning()) throw new Error(describe());
        return accepts(port);
      };
      await waitUntil(probe, { timeoutMs, describe });
    }
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}
