import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { it, type TestContext } from 'node:test';
import { seededRandom } from '../corpus/random.ts';
import type { Target } from '../targets/index.ts';
import type { Labelled } from './labelled.ts';
import { drawLessons, teach } from './teach.ts';

const labelled = (label: Labelled['label'], number: number): Labelled => ({
  label,
  facets: { source: '-', category: '-', language: '-', year: '-' },
  read: () => Buffer.from(`Subject: ${label} ${number}\n\ntext\n`),
});
const messages = Array.from({ length: 40 }, (_, number) => labelled(number < 10 ? 'spam' : 'ham', number));

async function listen(t: TestContext, server: Server | ReturnType<typeof createHttpServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const target = (ports: Partial<Target>): Target => ({
  name: 'x',
  description: 'x',
  host: '127.0.0.1',
  ports: {},
  pid: undefined,
  failure: () => undefined,
  stop: async () => {},
  ...ports,
});

it('draws as much spam as ham, mixed, the same in every run', () => {
  const drawn = drawLessons(messages, 8, seededRandom(1));
  assert.equal(drawn.filter(({ label }) => label === 'spam').length, 8);
  assert.equal(drawn.length, 16);
  assert.deepEqual(drawn, drawLessons(messages, 8, seededRandom(1)));
  assert.notEqual(
    drawn.findLastIndex(({ label }) => label === 'spam'),
    7,
  );
});

it('teaches as rspamc does, and counts the answers', async (t) => {
  const seen: string[] = [];
  const controllerPort = await listen(
    t,
    createHttpServer((request, reply) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push(`${request.url} ${/^Subject: .*$/m.exec(Buffer.concat(chunks).toString())?.[0]}`);
        reply.writeHead(seen.length > 3 ? 208 : 200).end('{}');
      });
    }),
  );
  const lessons = [messages[0]!, messages[10]!, messages[11]!, messages[1]!];
  const outcomes = await teach(target({ controllerPort }), lessons);
  assert.deepEqual(outcomes, { 'spam learned': 1, 'ham learned': 2, 'spam HTTP 208': 1 });
  assert.match(seen[0]!, /^\/learnspam Subject: spam 0/);
  assert.match(seen[1]!, /^\/learnham Subject: ham 10/);
});

it('teaches as spamc does', async (t) => {
  const spamcPort = await listen(
    t,
    createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.on('end', () => {
        assert.match(
          text,
          /^TELL SPAMC\/1\.5\r\nMessage-class: (?:spam|ham)\r\nSet: local\r\nContent-length: \d+\r\n\r\n/,
        );
        socket.end('SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n');
      });
    }),
  );
  const outcomes = await teach(target({ spamcPort }), [messages[0]!, messages[10]!]);
  assert.deepEqual(outcomes, { 'spam learned': 1, 'ham learned': 1 });
});

it('fails on a server that cannot be taught', async () => {
  await assert.rejects(teach(target({}), messages), /say where it is taught/);
});
