import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinnedCommand } from '../proc/pinning.ts';
import { readAllStats, treeOf } from '../proc/process-tree.ts';

/** How long a server may take to come up: the peer compiles its expressions first. */
const startTimeoutMs = 120_000;
const stopTimeoutMs = 15_000;

/** Finds TCP ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  for (const server of servers) server.close();
  return ports;
}

/** Runs a command for its first line of output; undefined when it fails. */
export function firstLineOf(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split(
      '\n',
    )[0];
  } catch {
    return undefined;
  }
}

/** Does a scan port answer `/ping`? */
export function pings(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const exchange = request(
      { host: '127.0.0.1', port, path: '/ping', timeout: 1000, agent: false },
      (reply) => {
        reply.resume();
        resolve(reply.statusCode === 200);
      },
    );
    exchange.on('timeout', () => exchange.destroy());
    exchange.on('error', () => resolve(false));
    exchange.end();
  });
}

/** A server process of ours in the foreground, with a folder of its own. */
export class Daemon {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #outputFile: string;
  #spawnError: Error | undefined;

  /** @param folder its private folder; removed by {@link stop} unless it failed. */
  constructor(
    command: readonly string[],
    options: { folder: string; outputFile: string; cores: string | undefined },
  ) {
    this.#folder = options.folder;
    this.#outputFile = options.outputFile;
    const [program, ...args] = pinnedCommand(options.cores, command);
    const output = openSync(options.outputFile, 'a');
    this.#child = spawn(program!, args, { stdio: ['ignore', output, output] });
    this.#child.on('error', (error) => {
      this.#spawnError = error;
    });
    closeSync(output);
    process.once('exit', this.#abandon);
  }

  /** For when the loader ends without stopping what it started. */
  readonly #abandon = (): void => {
    this.#child.kill('SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Why the process is gone, with the end of its output; undefined while it runs. */
  failure(): string | undefined {
    if (this.#spawnError) return this.#spawnError.message;
    if (this.#child.exitCode === null && this.#child.signalCode === null) return undefined;
    return `ended with ${this.#child.exitCode ?? this.#child.signalCode}, see ${this.#folder}\n${this.outputTail()}`;
  }

  /** The last lines the process printed. */
  outputTail(): string {
    return readFileSync(this.#outputFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }

  /** Waits until it answers. @throws Error when the process ends or takes too long. */
  async ready(answers: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + startTimeoutMs;
    while (!(await answers())) {
      const failure = this.failure();
      if (failure) throw new Error(`the server did not start: ${failure}`);
      if (performance.now() > deadline) throw new Error(`the server does not answer\n${this.outputTail()}`);
      await sleep(200);
    }
  }

  /** SIGTERM, and SIGKILL to what is left of the tree after a while. */
  async stop(): Promise<void> {
    const { pid } = this.#child;
    process.removeListener('exit', this.#abandon);
    const failed = this.failure() !== undefined;
    if (pid !== undefined && !failed) {
      const tree = treeOf(pid, readAllStats());
      const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      this.#child.kill('SIGTERM');
      const inTime = await Promise.race([
        ended.then(() => true),
        sleep(stopTimeoutMs, false, { ref: false }),
      ]);
      if (!inTime) for (const member of tree.reverse()) kill(member);
    }
    if (!failed) rmSync(this.#folder, { recursive: true, force: true });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself meanwhile: just what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
