import { mkdtempSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, freePorts } from './daemon.ts';
import { findProgram } from './packages.ts';

/** Does a Redis answer PING there? */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('latin1').startsWith('+PONG'));
    });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

/** Starts a Redis that keeps nothing. @throws Error when it does not come up. */
export async function launchRedis(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-redis-'));
  const command = [
    findProgram('redis-server'),
    ...['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder],
  ];
  const daemon = new Daemon(command, { folder, outputFile: join(folder, 'output.log'), cores: undefined });
  try {
    await daemon.ready(() => answers(port!));
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return { port: port!, stop: () => daemon.stop() };
}
