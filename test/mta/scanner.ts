import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDnsServer } from '../helpers/dns-server.ts';
import { makeHome, removeHome } from './home.ts';
import { type Daemon, freePorts, startDaemon, waitForPorts, waitUntil } from './process.ts';

/** A row of the scanner's history, as its controller gives it. */
export interface HistoryRow {
  'message-id': string;
  action: string;
  ip: string;
  user: string;
  sender_smtp: string;
  rcpt_smtp: string[];
  size: number;
  symbols: Record<string, { score: number; options?: string[] }>;
}

/** A scanner that MTAs can be pointed at, stopped and started again on the same ports and state. */
export interface Scanner {
  readonly name: string;
  readonly milterPort: number;
  readonly scanPort: number;
  start(): Promise<void>;
  /** SIGTERM by default: whatever was accepted is finished first. SIGKILL is a crash. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** The history row of a message; waits, because history is written after the reply. */
  history(messageId: string): Promise<HistoryRow>;
  /** What it wrote to its output since the last start. */
  output(): string;
  /** Stops it for good and deletes its configuration and state. */
  dispose(): Promise<void>;
}

export interface ScannerOptions {
  /** Files of `local.d`, name to content, besides the listeners. */
  files: Readonly<Record<string, string>>;
  /** Name server that it asks. Default: one that knows no name. */
  nameserver?: string;
}

/** The command under test; `POSTERN_COMMAND` names another one, such as an installed package. */
const command = (): string =>
  process.env['POSTERN_COMMAND'] ?? fileURLToPath(new URL('../../bin/postern', import.meta.url));

/** Prepares Postern with a configuration of its own on free loopback ports; it is not started yet. */
export async function createScanner({ files, nameserver }: ScannerOptions): Promise<Scanner> {
  const root = await makeHome('scanner');
  const [milterPort = 0, scanPort = 0, controllerPort = 0] = await freePorts(3);
  const config = join(root, 'config');
  const state = join(root, 'state');
  await mkdir(join(config, 'local.d'), { recursive: true });
  await mkdir(state);
  // Domains of tests exist nowhere: whatever is asked, the answer is that there is no such name.
  const dns = nameserver === undefined ? await startDnsServer({}) : undefined;
  const listeners = {
    'worker-normal.inc': `bind_socket = "127.0.0.1:${scanPort}";\ncount = 1;\n`,
    'worker-controller.inc': `bind_socket = "127.0.0.1:${controllerPort}";\n`,
    'worker-proxy.inc': `bind_socket = "127.0.0.1:${milterPort}";\nmilter = yes;\nupstream "local" {\n  default = yes;\n  self_scan = yes;\n}\n`,
  };
  const resolver = `dns { nameserver = "${nameserver ?? dns?.address}"; }\n`;
  const all = { ...listeners, ...files, 'options.inc': resolver + (files['options.inc'] ?? '') };
  for (const [name, content] of Object.entries(all)) await writeFile(join(config, 'local.d', name), content);

  let daemon: Daemon | undefined;
  let output = '';
  const historyRows = async (): Promise<HistoryRow[]> => {
    const answer = await fetch(`http://127.0.0.1:${controllerPort}/history`);
    if (!answer.ok) throw new Error(`history: HTTP ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { rows: HistoryRow[] }).rows;
  };
  return {
    name: 'Postern',
    milterPort,
    scanPort,
    async start() {
      daemon = startDaemon(command(), ['serve', '--config', config, '--state', state]);
      await waitForPorts(daemon, [milterPort, scanPort, controllerPort]);
    },
    async stop(signal = 'SIGTERM') {
      await daemon?.stop({ signal });
      output = daemon?.output() ?? output;
      daemon = undefined;
    },
    output: () => daemon?.output() ?? output,
    history: (messageId) =>
      waitUntil(async () => (await historyRows()).find((row) => row['message-id'] === messageId), {
        describe: () => `the history has no row for ${messageId}`,
      }),
    async dispose() {
      await daemon?.stop();
      await dns?.close();
      await removeHome(root);
    },
  };
}
