import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { PosternError, UpstreamError } from '../core/index.ts';

interface ScanCommandOptions {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly ip?: string;
  readonly from?: string;
  readonly rcpt: readonly string[];
  readonly header: readonly string[];
  readonly json: boolean;
  readonly timeout: number;
}

interface Reply {
  readonly action: string;
  readonly score: number;
  readonly required_score: number | null;
  readonly symbols: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly score: number;
        readonly options?: readonly string[];
        readonly description?: string;
      }
    >
  >;
  readonly messages: Readonly<Record<string, string>>;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('expected 1 to 65535');
  return port;
}

function collect(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, text];
}

function scan(raw: Buffer, options: ScanCommandOptions): Promise<string> {
  const headers: Record<string, string | string[]> = { 'Content-Length': String(raw.length) };
  if (options.user !== undefined) headers['User'] = options.user;
  if (options.ip !== undefined) headers['IP'] = options.ip;
  if (options.from !== undefined) headers['From'] = options.from;
  if (options.rcpt.length > 0) headers['Rcpt'] = [...options.rcpt];
  for (const header of options.header) {
    const colon = header.indexOf(':');
    if (colon < 1) throw new PosternError('protocol', `--header ${header}: expected Name: value`);
    headers[header.slice(0, colon).trim()] = header.slice(colon + 1).trim();
  }
  return new Promise((resolve, reject) => {
    const { host, port } = options;
    const failed = (error: Error): void =>
      reject(new UpstreamError(`no answer from ${host}:${port}: ${error.message}`, { cause: error }));
    const call = request(
      { host, port, path: '/checkv2', method: 'POST', headers, timeout: options.timeout * 1000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
        response.on('error', failed);
      },
    );
    call.on('timeout', () => call.destroy(new Error(`nothing within ${options.timeout} s`)));
    call.on('error', failed);
    call.end(raw);
  });
}

function render(reply: Reply): string {
  const score = `${reply.score.toFixed(2)} / ${reply.required_score?.toFixed(2) ?? '-'}`;
  const lines = [`${reply.action}  (score ${score})`];
  for (const symbol of Object.values(reply.symbols).sort((a, b) => Math.abs(b.score) - Math.abs(a.score))) {
    const options = symbol.options?.length ? ` [${symbol.options.join(', ')}]` : '';
    lines.push(`  ${symbol.score.toFixed(2).padStart(7)}  ${symbol.name}${options}`);
    if (symbol.description) lines.push(`           ${symbol.description}`);
  }
  for (const [name, text] of Object.entries(reply.messages)) lines.push(`  ${name}: ${text}`);
  return lines.join('\n');
}

/** `postern scan`: asks a running server about a message, as an MTA would. */
export function addScanCommand(program: Command): void {
  program
    .command('scan')
    .summary('ask a running server about messages')
    .description(
      'Sends messages to the scan port and prints the verdicts. Reads standard input when no file is given.',
    )
    .argument('[file...]', 'messages in RFC 5322 form')
    .option('--host <host>', 'server', '127.0.0.1')
    .option('--port <port>', 'scan port', parsePort, 11333)
    .option('-u, --user <login>', 'SASL login of the sender')
    .option('-i, --ip <address>', 'address of the sending client')
    .option('-f, --from <address>', 'envelope sender')
    .option('-r, --rcpt <address>', 'envelope recipient (repeatable)', collect, [])
    .option('--header <Name: value>', 'further request header, such as Settings (repeatable)', collect, [])
    .option('--timeout <seconds>', 'time to wait for an answer', Number, 30)
    .option('--json', 'print the answer as it came', false)
    .addHelpText(
      'after',
      '\nExit code: 0 no action or greylist, 1 any other action, 65 a file cannot be read, 75 no answer.',
    )
    .action(async (files: readonly string[], options: ScanCommandOptions) => {
      let isSpam = false;
      for (const file of files.length > 0 ? files : ['-']) {
        const raw = readFileSync(file === '-' ? 0 : file);
        const text = await scan(raw, options);
        const reply = JSON.parse(text) as Reply | { readonly error: string };
        if ('error' in reply) throw new UpstreamError(`the server refused the message: ${reply.error}`);
        isSpam ||= reply.action !== 'no action' && reply.action !== 'greylist';
        const title = files.length > 1 ? `${file}: ` : '';
        process.stdout.write(`${title}${options.json ? text : render(reply)}\n`);
      }
      process.exitCode = isSpam ? 1 : 0;
    });
}
