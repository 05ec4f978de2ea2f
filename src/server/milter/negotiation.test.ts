import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { startMilter } from './testing/fixture.ts';
import { fullOffer, type Terms, words } from './testing/milter-client.ts';

const allNoReply = 0xff080;
const offers: readonly [who: string, offer: Terms, answer: Terms][] = [
  ['Postfix and Sendmail of today', fullOffer, { version: 6, actions: 0x17f, steps: 0x1ff480 }],
  [
    'an MTA of a later version',
    { version: 9, actions: ~0 >>> 0, steps: ~0 >>> 0 },
    { version: 6, actions: 0x17f, steps: 0x1ff480 },
  ],
  ['version 5', { version: 5, actions: 0x1f, steps: 0x3ff }, { version: 5, actions: 0x1f, steps: 0x80 }],
  ['version 4', { version: 4, actions: 0x3f, steps: 0x37f }, { version: 4, actions: 0x3f, steps: 0 }],
  ['version 3', { version: 3, actions: 0x3f, steps: 0x17f }, { version: 3, actions: 0x3f, steps: 0 }],
  ['version 2', { version: 2, actions: 0x1f, steps: 0x7f }, { version: 2, actions: 0x1f, steps: 0 }],
  [
    'no leading space',
    { version: 6, actions: 0x1ff, steps: 0xfffff },
    { version: 6, actions: 0x17f, steps: allNoReply | 0x400 },
  ],
  [
    'only some steps',
    { version: 6, actions: 0x1, steps: 0x9000 },
    { version: 6, actions: 0x1, steps: 0x9000 },
  ],
  ['nothing but a version', { version: 6, actions: 0, steps: 0 }, { version: 6, actions: 0, steps: 0 }],
];
for (const [who, offer, answer] of offers) {
  test(`an offer of ${who} is answered with what is wanted of it`, async (t) => {
    const milter = await startMilter(t);
    const client = await milter.connect();
    assert.deepEqual((await client.negotiate(offer))?.terms, answer);
  });
}

test('an answer never holds a bit that was not offered', async (t) => {
  const milter = await startMilter(t);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 7 }),
      fc.nat(0xffff),
      fc.nat(0x3fffffff),
      async (version, actions, steps) => {
        const client = await milter.connect();
        const { terms } = (await client.negotiate({ version, actions, steps }))!;
        client.close();
        assert.equal(terms.version, Math.min(version, 6));
        assert.equal(terms.actions & ~actions, 0);
        assert.equal(terms.steps & ~steps, 0);
        assert.equal(terms.steps & 0x800, 0);
      },
    ),
    { numRuns: 40 },
  );
});

test('macros are asked for by stage where the MTA takes lists', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  const { lists } = (await client.negotiate())!;
  const stages = new Map<number, string>();
  for (let at = 0; at < lists.length; ) {
    const end = lists.indexOf(0, at + 4);
    stages.set(lists.readUInt32BE(at), lists.toString('latin1', at + 4, end));
    at = end + 1;
  }
  assert.deepEqual([...stages.keys()], [0, 1, 2, 3, 4, 5, 6]);
  assert.match(stages.get(2)!, /\{auth_authen\}/);
  assert.match(stages.get(0)!, /\{client_addr\}/);
  for (const stage of [2, 3, 4, 5, 6]) assert.match(stages.get(stage)!, /^i\b/);
});

test('no macros are asked for where the MTA takes no lists', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  const { lists } = (await client.negotiate({ ...fullOffer, actions: 0xff }))!;
  assert.equal(lists.length, 0);
});

for (const version of [0, 1]) {
  test(`version ${version} is refused by closing`, async (t) => {
    const milter = await startMilter(t);
    const client = await milter.connect();
    assert.equal(await client.negotiate({ ...fullOffer, version }), undefined);
    assert.equal(milter.counted.get('postern_milter_protocol_errors_total'), 1);
  });
}

test('a cut offer is refused by closing', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  client.send('O', words(6, 0x1ff));
  assert.equal(await client.receive(), undefined);
});

test('a command before the offer is refused by closing', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  client.send('H', 'helo.example');
  assert.equal(await client.receive(), undefined);
});

test('a second offer on the same connection is refused by closing', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  await client.negotiate();
  assert.equal(await client.negotiate(), undefined);
});

const versions: readonly [version: number, steps: number][] = [
  [2, 0x7f],
  [3, 0x17f],
  [4, 0x37f],
  [6, 0],
];
for (const [version, steps] of versions) {
  test(`an MTA of version ${version} that lacks the no-reply steps gets an answer to every command`, async (t) => {
    const milter = await startMilter(t);
    const client = await milter.connect();
    await client.negotiate({ version, actions: 0x3f, steps });
    const commands: [string, ...(string | Buffer)[]][] = [
      ['C', 'client.example', Buffer.from('4\0\x19'), '192.0.2.7'],
      ['H', 'helo.example'],
      ['M', '<alice@example.com>'],
      ['R', '<bob@example.net>'],
      ['L', 'Subject', 'hello'],
      ['N'],
      ['B', Buffer.from('text\r\n')],
    ];
    if (version >= 3) commands.push(['U', 'XFOO']);
    if (version >= 4) commands.splice(4, 0, ['T']);
    for (const [command, ...parts] of commands) {
      assert.equal((await client.event(command, ...parts))?.command, 'c', command);
    }
    client.send('E');
    assert.deepEqual(await client.verdict(), ['a']);
  });
}

test('with all no-reply steps agreed on nothing but the verdict is sent', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.session();
  client.send('U', 'XFOO');
  assert.deepEqual(await client.scan(), ['a']);
  assert.deepEqual(client.unread, []);
});

test('with some no-reply steps agreed on the other commands are answered', async (t) => {
  const milter = await startMilter(t);
  const client = await milter.connect();
  await client.negotiate({ version: 6, actions: 0x1ff, steps: 0x9000 });
  assert.equal(await client.connection(), undefined);
  assert.equal((await client.event('H', 'helo.example'))?.command, 'c');
  assert.deepEqual(await client.scan(), ['a']);
  assert.deepEqual(client.unread, []);
});
