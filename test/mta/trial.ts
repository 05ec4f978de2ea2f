/**
 * A trial as an operator would make one: Postfix, Exim and Haraka with a scanner whose `local.d` switches everything
 * on, and real messages through each of them, with a login, from a local address and from outside. Says what became
 * of them and what the scanner's log held.
 *
 *     npm run trial -- [--messages 1000] [--mta postfix,exim,haraka] [--corpus spam-assassin] [--data DIR] [--seed 1]
 *
 * Exit code 1: a message neither arrived nor was refused, or the log held a line of level error.
 */
import { parseArgs } from 'node:util';
import { type CorpusName, corpusNames, drawMessages, openCorpora } from '../../bench/src/corpus/index.ts';
import { type BenchMessage, prepareMessage } from '../../bench/src/message.ts';
import { startDnsServer } from '../helpers/dns-server.ts';
import { makeSigningKeys } from './dkim.ts';
import { PROXY_ADDRESS, startExim } from './exim.ts';
import { startHaraka } from './haraka.ts';
import { uniqueRecipient } from './harness.ts';
import { makeHome, removeHome } from './home.ts';
import { startPostfix } from './postfix.ts';
import { waitUntil } from './process.ts';
import { createScanner, type Scanner } from './scanner.ts';
import { LOCAL_ADDRESS, OUTSIDE_ADDRESS } from './scanner-config.ts';
import { prepare } from './setup.ts';
import { type Sink, startSink } from './sink.ts';
import { SmtpClient, SmtpRefusal, type SmtpReply } from './smtp-client.ts';
import { startServices, trialFiles, trialZone } from './trial-config.ts';

const ways = ['login', 'local', 'outside'] as const;
type Way = (typeof ways)[number];
const users = { 'alice@example.com': 'wonderland' } as const;

interface Mta {
  session(way: Way): Promise<SmtpClient>;
  stop(): Promise<void>;
}

interface Ports {
  readonly scanner: Scanner;
  readonly sink: Sink;
  readonly keyFile: string;
}

const proxied = (port: number, host: string, address: string): Promise<SmtpClient> =>
  SmtpClient.open({ port, host, localAddress: host, proxyFor: address });

const starters: Readonly<Record<string, (ports: Ports) => Promise<Mta>>> = {
  async postfix({ scanner, sink }) {
    const localNetworks = [`${LOCAL_ADDRESS}/32`];
    const mta = await startPostfix({
      milterPort: scanner.milterPort,
      nextHopPort: sink.port,
      localNetworks,
      users,
    });
    return {
      stop: () => mta.stop(),
      async session(way) {
        if (way === 'login') return loggedIn(mta.submissionPort);
        const client = await SmtpClient.open({ port: mta.smtpPort });
        await client.xclient({
          ADDR: way === 'local' ? LOCAL_ADDRESS : OUTSIDE_ADDRESS,
          NAME: 'client.example',
        });
        await client.ehlo();
        return client;
      },
    };
  },
  async exim({ scanner, sink, keyFile }) {
    const mta = await startExim({
      scanPort: scanner.scanPort,
      nextHopPort: sink.port,
      localNetworks: [LOCAL_ADDRESS],
      users,
      keyFile,
      setup: 'refuse',
    });
    return {
      stop: () => mta.stop(),
      session: (way) =>
        way === 'login'
          ? loggedIn(mta.port)
          : proxied(mta.port, PROXY_ADDRESS, way === 'local' ? LOCAL_ADDRESS : OUTSIDE_ADDRESS),
    };
  },
  async haraka({ scanner, sink }) {
    const localNetworks = [LOCAL_ADDRESS, '127.0.0.1'];
    const mta = await startHaraka({
      scanPort: scanner.scanPort,
      nextHopPort: sink.port,
      localNetworks,
      users,
    });
    // Its second address opens a moment after the first, which is the one that the start waits for.
    const greets = async (): Promise<true | undefined> => {
      const client = await proxied(mta.port, PROXY_ADDRESS, LOCAL_ADDRESS).catch(() => undefined);
      client?.close();
      return client && true;
    };
    await waitUntil(greets, { describe: () => 'Haraka does not greet on its second address' });
    return {
      stop: () => mta.stop(),
      async session(way) {
        if (way !== 'login')
          return proxied(mta.port, PROXY_ADDRESS, way === 'local' ? LOCAL_ADDRESS : OUTSIDE_ADDRESS);
        const client = await SmtpClient.open({ port: mta.port });
        await client.startTls();
        await client.login('alice@example.com', users['alice@example.com']);
        return client;
      },
    };
  },
};

async function loggedIn(port: number): Promise<SmtpClient> {
  const client = await SmtpClient.open({ port });
  await client.login('alice@example.com', users['alice@example.com']);
  return client;
}

interface Accepted {
  readonly index: number;
  readonly sender: string;
  readonly to: string;
}

/** What became of the messages of one way. */
interface Tally {
  sent: number;
  /** By the first two parts of the reply: `250`, `554 5.7.1`. */
  readonly replies: Map<string, number>;
  readonly accepted: Accepted[];
  /** Told to come back later, and sent again. */
  retried: number;
  /** Sessions that broke without a reply, by what the client saw. */
  readonly broken: Map<string, number>;
}

/** Recipients that every MTA here takes from everybody: the domain it is final for. */
const recipientOf = (way: Way): string =>
  uniqueRecipient(way === 'outside' ? 'inside.example' : 'far.example');

/** Sessions at a time. */
const sessions = 8;
/** Longer than the greylisting of the trial's configuration. */
const retryMs = 1500;

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function sendOne(mta: Mta, way: Way, message: BenchMessage, to: string): Promise<SmtpReply> {
  const client = await mta.session(way);
  try {
    return (await client.send({ from: message.sender, to: [to], raw: message.raw })).final;
  } finally {
    client.close();
  }
}

async function sendAll(mta: Mta, messages: readonly BenchMessage[], tallies: Map<Way, Tally>): Promise<void> {
  for (const way of ways)
    tallies.set(way, { sent: 0, replies: new Map(), accepted: [], retried: 0, broken: new Map() });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next++;
      const message = messages[index];
      if (!message) return;
      const way = ways[index % ways.length]!;
      const tally = tallies.get(way)!;
      const to = recipientOf(way);
      tally.sent++;
      try {
        let final = await sendOne(mta, way, message, to);
        if (final.code === 451) {
          tally.retried++;
          await new Promise((resolve) => setTimeout(resolve, retryMs));
          final = await sendOne(mta, way, message, to);
        }
        const key =
          final.code === 250 ? '250' : `${final.code} ${/^\d\.\d+\.\d+/.exec(final.text)?.[0] ?? ''}`.trim();
        count(tally.replies, key);
        if (final.code === 250) tally.accepted.push({ index, sender: message.sender, to });
      } catch (error) {
        if (error instanceof SmtpRefusal) count(tally.replies, `${error.reply.code} (session)`);
        else count(tally.broken, (error as Error).message);
      }
      if ((index + 1) % 100 === 0) process.stderr.write(`  ${index + 1} of ${messages.length}\n`);
    }
  };
  await Promise.all(Array.from({ length: sessions }, worker));
}

/** Waits until nothing new arrives any more. */
async function settled(sink: Sink): Promise<void> {
  for (let quiet = 0, last = -1; quiet < 6; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    quiet = sink.deliveries.length === last ? quiet + 1 : 0;
    last = sink.deliveries.length;
  }
}

/** Lines of the scanner's log by level and text, numbers and names taken out. */
function logLines(output: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split('\n')) {
    const match = /\b(warn|error)\b[:\s]+(.*)$/i.exec(line);
    if (!match) continue;
    const text = match[2]!
      .replace(/\b[a-z_]+=("[^"]*"|\S+)/g, '')
      .replace(/\d+/g, 'N')
      .trim()
      .slice(0, 140);
    const key = `${match[1]!.toLowerCase()}  ${text}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

async function trial(name: string, messages: readonly BenchMessage[]): Promise<boolean> {
  const reason = await prepare(name as Parameters<typeof prepare>[0]);
  if (reason) {
    console.log(`${name}: left out, ${reason}`);
    return false;
  }
  const home = await makeHome('trial');
  const keys = await makeSigningKeys(home);
  const services = await startServices();
  const dns = await startDnsServer(trialZone);
  const files = trialFiles({
    keys,
    services,
    signaturesAs: name === 'haraka' ? 'header fields' : 'signatures',
  });
  const scanner = await createScanner({ files, nameserver: dns.address });
  const sink = await startSink();
  let mta: Mta | undefined;
  let log: ReadonlyMap<string, number> = new Map();
  const tallies = new Map<Way, Tally>();
  const startedAt = performance.now();
  try {
    await scanner.start();
    mta = await starters[name]!({ scanner, sink, keyFile: keys.rsaFile });
    await sendAll(mta, messages, tallies);
    await settled(sink);
  } finally {
    await mta?.stop();
    await scanner.stop();
    log = logLines(scanner.output());
    await scanner.dispose();
    await sink.stop();
    await dns.close();
    await services.stop();
    await removeHome(home);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`\n${name}: ${messages.length} messages in ${seconds.toFixed(0)} s`);
  let isGood = true;
  for (const [way, { sent, replies, accepted, retried, broken }] of tallies) {
    const isBack = ({ sender, to }: Accepted): boolean =>
      sink.deliveries.some(
        ({ from, recipients, raw }) =>
          from === '' &&
          recipients.some((recipient) => recipient.toLowerCase() === sender.toLowerCase()) &&
          raw.includes(to),
      );
    const missing = accepted.filter(({ to }) => sink.to(to).length === 0);
    const arrived = accepted.length - missing.length;
    // What an MTA cannot pass on it returns: Exim, for one, does so with lines over 998 bytes.
    const lost = missing.filter((one) => !isBack(one));
    const returned = missing.length - lost.length;
    const words = [...replies]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, times]) => `${code}: ${times}`);
    console.log(
      `  ${way.padEnd(8)} sent ${sent}, ${retried} of them twice; ${words.join(', ')}; of ${accepted.length} accepted ${arrived} arrived, ${returned} came back`,
    );
    for (const [reason, times] of broken) console.log(`    broken ${times}: ${reason}`);
    // Its bounce has the long line too, and stays in its queue.
    let isExplained = true;
    for (const { index } of lost) {
      const longest = Math.max(
        ...messages[index]!.raw.toString('latin1')
          .split('\r\n')
          .map((line) => line.length),
      );
      if (name !== 'exim' || longest <= 998) isExplained = false;
      console.log(`    lost: message ${index}, longest line ${longest} bytes`);
    }
    if (!isExplained || broken.size > 0) isGood = false;
  }
  const lines = [...log].sort(([a], [b]) => (a < b ? -1 : 1));
  if (lines.length === 0) console.log('  the log holds no warning and no error');
  for (const [line, count] of lines) console.log(`  ${String(count).padStart(5)}  ${line}`);
  return isGood && !lines.some(([line]) => line.startsWith('error'));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '1000' },
      mta: { type: 'string', default: Object.keys(starters).join(',') },
      corpus: { type: 'string', default: 'spam-assassin' },
      data: { type: 'string', default: '../shared/data' },
      seed: { type: 'string', default: '1' },
    },
  });
  const wanted = values.corpus
    .split(',')
    .filter((name): name is CorpusName => corpusNames.some((known) => known === name));
  const { opened, absent } = openCorpora(wanted, values.data);
  for (const { name, reason } of absent) console.error(`${name}: left out, ${reason}`);
  if (opened.length === 0) throw new Error(`no corpus of that name; there are ${corpusNames.join(', ')}`);
  const now = new Date();
  const messages = drawMessages(opened, Number(values.messages), Number(values.seed)).map(
    ({ bytes }, index) => prepareMessage(bytes, index, now),
  );
  let isGood = true;
  for (const name of values.mta.split(',')) {
    if (!starters[name]) throw new Error(`no MTA ${name}; there are ${Object.keys(starters).join(', ')}`);
    isGood = (await trial(name, messages)) && isGood;
  }
  process.exitCode = isGood ? 0 : 1;
}

await main();
