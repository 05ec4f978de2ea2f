import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { prepareMessage } from '../message.ts';
import type { ScanClient, Submission } from './client.ts';
import { milterClient } from './milter.ts';
import { encodePacket, encodeStrings, PacketReader } from './milter-codec.ts';
import { rspamcClient } from './rspamc.ts';

const message = prepareMessage(Buffer.from('Date: 1\n\nhi\n'), 1, new Date(0));

async function serve(context: TestContext, session: (socket: Socket) => void): Promise<Submission> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    session(socket);
  });
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: '127.0.0.1',
    port,
    user: 'joe',
    clientIp: '192.0.2.5',
    settings: undefined,
    timeoutMs: 2000,
  };
}

/** A filter that notes each session's commands and answers as told. */
function filter(protocol: number, answer: (command: string) => Buffer | undefined, seen: string[]) {
  return (socket: Socket): void => {
    const reader = new PacketReader();
    const number = seen.push('') - 1;
    socket.on('data', (chunk: Buffer) => {
      for (const { command } of reader.push(chunk)) {
        if (command === 'D') continue;
        seen[number] += command;
        const words = Buffer.alloc(12);
        words.writeUInt32BE(6, 0);
        words.writeUInt32BE(protocol, 8);
        const bytes = command === 'O' ? encodePacket('O', words) : answer(command);
        if (bytes) socket.write(bytes);
      }
    });
  };
}

async function scanTwice(client: ScanClient): Promise<string[]> {
  const outcomes = [await client.scan(0, message), await client.scan(0, message)];
  client.close();
  return outcomes.map((outcome) =>
    outcome.kind === 'verdict' ? outcome.action : `error: ${outcome.reason}`,
  );
}

describe('milter client', () => {
  const silent = 0xff080;
  const atEnd = (command: string): Buffer | undefined =>
    command === 'E'
      ? Buffer.concat([encodePacket('h', encodeStrings('X', 'y')), encodePacket('a')])
      : undefined;

  it('sends several messages over one connection, each ended by ABORT', async (context) => {
    const seen: string[] = [];
    const submission = await serve(context, filter(silent, atEnd, seen));
    assert.deepEqual(await scanTwice(milterClient(submission, Number.POSITIVE_INFINITY)), [
      'accept',
      'accept',
    ]);
    assert.equal(seen.length, 1);
    assert.match(seen[0]!, /^OCHMRTLNBEAMRTLNBE/);
  });

  it('opens a connection for each message when told to', async (context) => {
    const seen: string[] = [];
    const submission = await serve(context, filter(silent, atEnd, seen));
    await scanTwice(milterClient(submission, 1));
    assert.equal(seen.length, 2);
  });

  it('goes on step by step with a filter that answers every event, and sends no more body after SKIP', async (context) => {
    const seen: string[] = [];
    const answer = (command: string): Buffer | undefined => {
      if (command === 'A' || command === 'Q') return undefined;
      return encodePacket(command === 'E' ? 'd' : command === 'B' ? 's' : 'c');
    };
    const submission = await serve(context, filter(0x400, answer, seen));
    assert.deepEqual(await scanTwice(milterClient(submission, 2)), ['discard', 'discard']);
  });

  it('takes a verdict before the end of the message', async (context) => {
    const answer = (command: string): Buffer | undefined =>
      'CHM'.includes(command)
        ? encodePacket(command === 'M' ? 'y' : 'c', command === 'M' ? encodeStrings('550 no') : undefined)
        : undefined;
    const submission = await serve(context, filter(0, answer, []));
    assert.deepEqual(await scanTwice(milterClient(submission, 2)), ['reject', 'reject']);
  });

  it('counts a lost connection as an error and opens a new one', async (context) => {
    let connections = 0;
    const lose = filter(silent, () => undefined, []);
    const keep = filter(silent, atEnd, []);
    const submission = await serve(context, (socket) => {
      connections += 1;
      if (connections === 1) {
        lose(socket);
        setImmediate(() => socket.destroy());
      } else {
        keep(socket);
      }
    });
    const outcomes = await scanTwice(milterClient(submission, 9));
    assert.match(outcomes[0]!, /^error: /);
    assert.equal(outcomes[1], 'accept');
  });
});

describe('RSPAMC client', () => {
  it('reads until the server closes, one connection a message', async (context) => {
    let connections = 0;
    const submission = await serve(context, (socket) => {
      connections += 1;
      socket.once('data', () => {
        socket.write('RSPAMD/1.3 0 EX_OK\r\nMetric: default; False; 0.00 / 15.00 / 0.0\r\n');
        setImmediate(() => socket.end('Action: no action\r\n'));
      });
    });
    assert.deepEqual(await scanTwice(rspamcClient(submission)), ['no action', 'no action']);
    assert.equal(connections, 2);
  });

  it('counts a server that says nothing as an error', async (context) => {
    const submission = await serve(context, (socket) => socket.end());
    assert.deepEqual(await scanTwice(rspamcClient(submission)), ['error: empty reply', 'error: empty reply']);
  });
});
