/**
 * Measures what hostile messages cost: sends each through a real server with all that is on by default, and prints
 * time, processor time and memory of the worker. `npm run hostile -- [MEGABYTES] [PATTERN OF NAMES]`
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { startServer } from '../server.ts';
import { hostileMails } from './mail.ts';

const [megabytes = '49', pattern = ''] = process.argv.slice(2);
const size = Number(megabytes) * 1_000_000;
const wanted = new RegExp(pattern);
const answerTimeoutMs = 120_000;

/** Milliseconds that a process has had, user and system (proc(5): ticks of 10 ms). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function memoryMb(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}

function childrenOf(pid: number): readonly number[] {
  const own = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [...own, ...own.flatMap(childrenOf)];
}

const server = await startServer({
  'local.d/options.inc': 'max_message = 70mb; task_timeout = 100s;\n',
  // Mail that comes again would be told to come later.
  'local.d/greylist.conf': 'enabled = false;\n',
  'local.d/worker-normal.inc': 'count = 1; timeout = 100s;\n',
});
console.log(['wall ms', 'cpu ms', 'peak MB', 'more MB', 'MB', 'message', 'verdict'].join('\t'));
try {
  for (const { name, make } of hostileMails(size)) {
    if (!wanted.test(name)) continue;
    const raw = make();
    const processes = [server.daemon.pid, ...childrenOf(server.daemon.pid)].map((pid) => {
      // Starts the peak of resident memory anew (proc(5), clear_refs).
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
      return { pid, cpuMs: cpuMs(pid), memoryMb: memoryMb(pid, 'VmRSS') };
    });
    const startMs = performance.now();
    const response = await fetch(`http://127.0.0.1:${server.ports.scan}/checkv2`, {
      method: 'POST',
      body: raw,
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const verdict = (await response.json()) as {
      readonly action: string;
      readonly score: number;
      readonly symbols?: Readonly<Record<string, { readonly options?: readonly string[] }>>;
    };
    const wallMs = Math.round(performance.now() - startMs);
    const used = processes.map(({ pid, ...before }) => ({
      cpu: cpuMs(pid) - before.cpuMs,
      peak: memoryMb(pid, 'VmHWM'),
      more: memoryMb(pid, 'VmHWM') - before.memoryMb,
    }));
    const busiest = used.reduce((most, one) => (one.cpu > most.cpu ? one : most));
    const cut = verdict.symbols?.['PARTLY_READ']?.options ?? [];
    const figures = [wallMs, busiest.cpu, busiest.peak, busiest.more, (raw.length / 1e6).toFixed(1)];
    console.log(
      [...figures, name, `${verdict.action} ${verdict.score.toFixed(1)}`, cut.join(' ')].join('\t'),
    );
  }
} finally {
  await server.dispose();
}
