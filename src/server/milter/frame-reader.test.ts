import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../core/index.ts';
import { FrameReader, readStrings } from './frame-reader.ts';
import { packet } from './testing/milter-client.ts';

/** Feeds a stream cut at these places; returns letter and payload of every packet. */
function read(stream: Buffer, cuts: readonly number[]): string[] {
  const reader = new FrameReader(1 << 20);
  const packets: string[] = [];
  const edges = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...edges, stream.length]) {
    reader.push(stream.subarray(from, to));
    while (reader.next()) packets.push(`${reader.command} ${reader.payload.toString('hex')}`);
    from = to;
  }
  assert.equal(reader.isInsidePacket, false);
  return packets;
}

const packets = fc.array(
  fc.record({
    command: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 5000, maxLength: 20_000 }),
    ),
  }),
  { maxLength: 8 },
);

test('any way of cutting a stream gives the same packets', () => {
  fc.assert(
    fc.property(packets, fc.array(fc.nat(), { maxLength: 40 }), (list, cuts) => {
      const stream = Buffer.concat(list.map(({ command, payload }) => packet(command, Buffer.from(payload))));
      const expected = list.map(
        ({ command, payload }) => `${command.charCodeAt(0)} ${Buffer.from(payload).toString('hex')}`,
      );
      assert.deepEqual(read(stream, cuts), expected);
    }),
    { numRuns: 200 },
  );
});

test('a stream that comes byte by byte gives its packets', () => {
  const stream = Buffer.concat([packet('H', 'helo.example'), packet('B', Buffer.alloc(9000, 'x'))]);
  const cuts = Array.from({ length: stream.length }, (_, at) => at);
  assert.deepEqual(
    read(stream, cuts).map((text) => text.length),
    [`72 ${'aa'.repeat(13)}`.length, 18_003],
  );
});

test('arbitrary bytes give packets or a protocol error, nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (chunks) => {
      const reader = new FrameReader(100);
      try {
        for (const chunk of chunks) {
          reader.push(Buffer.from(chunk));
          while (reader.next()) assert.ok(reader.payload.length < 100);
        }
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
    { numRuns: 500 },
  );
});

test('a packet of the greatest length is taken, one byte more is not', () => {
  const reader = new FrameReader(10);
  reader.push(packet('B', Buffer.alloc(9)));
  assert.equal(reader.next(), true);
  reader.push(packet('B', Buffer.alloc(10)));
  assert.throws(() => reader.next(), ProtocolError);
});

test('a packet without a command is an error', () => {
  const reader = new FrameReader(10);
  reader.push(Buffer.alloc(4));
  assert.throws(() => reader.next(), ProtocolError);
});

test('a great announced length takes no memory before the bytes come', () => {
  const reader = new FrameReader(1 << 30);
  reader.push(Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x42]));
  const before = process.memoryUsage().arrayBuffers;
  assert.equal(reader.next(), false);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test('strings end with NUL, the last one may lack it, and the limit holds', () => {
  assert.deepEqual(readStrings(Buffer.from('a\0\0b')), ['a', '', 'b']);
  assert.deepEqual(readStrings(Buffer.from('a\0b\0')), ['a', 'b']);
  assert.deepEqual(readStrings(Buffer.from('a\0b\0'), 1), ['a']);
  assert.deepEqual(readStrings(Buffer.alloc(0)), []);
});
