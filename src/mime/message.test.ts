import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import type { Message, Part } from '../core/index.ts';
import { parseMessage } from './message.ts';

/** Uses everything a message offers and checks what must hold for any bytes. */
function exercise(raw: Buffer): Message {
  const message = parseMessage(raw);
  void [message.subject, message.messageId, message.date, message.newline, message.received, message.digest];
  void [message.from, message.to, message.cc, message.replyTo];
  for (const header of message.headers.all) void [header.value, header.rawValue];
  assert.ok(message.raw.length <= raw.length);
  assert.equal(message.root.bodyStart, message.bodyOffset);
  assert.equal(message.root.bodyEnd, message.raw.length);
  assert.equal(message.parts[0], message.root);
  assert.ok(message.defects.length <= 201);
  for (const part of message.parts) {
    void [part.fileName, part.charset, part.isAttachment, part.disposition, part.decoded(), part.text()];
    checkOffsets(part);
  }
  return message;
}

/** Fields follow each other up to the body; children lie inside it, in order, without overlap. */
function checkOffsets(part: Part): void {
  let last = 0;
  for (const header of part.headers.all) {
    assert.ok(last <= header.start && header.start < header.valueStart);
    assert.ok(header.valueStart <= header.end && header.end <= part.bodyStart);
    last = header.end;
  }
  assert.ok(last <= part.bodyStart && part.bodyStart <= part.bodyEnd);
  let position = part.bodyStart;
  for (const child of part.children) {
    assert.equal(child.depth, part.depth + 1);
    if (child.source !== part.source) continue;
    const start = child.headers.all[0]?.start ?? child.bodyStart;
    assert.ok(position <= start && child.bodyEnd <= part.bodyEnd);
    position = child.bodyEnd;
  }
}

const fragments = [
  'From a@b\n',
  'Subject: x',
  'Content-Type: ',
  'multipart/mixed; boundary=b',
  'multipart/digest; boundary="b c"',
  'message/rfc822',
  'text/html; charset=utf-7',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  'Content-Transfer-Encoding: x-uuencode',
  'Content-Disposition: attachment; filename*0*=',
  "utf-8''%C3",
  '\n\n',
  '\r\n\r\n',
  '\n',
  '\r\n',
  '\r',
  '\n ',
  '--b',
  '--b--',
  '--b c',
  '=?utf-8?q?=C3?=',
  '=?x?b?',
  '?=',
  'From: a <b@c',
  'To: ,;:<>"@',
  'Received: from a ([1.2.3.4]) by b; ',
  'begin 644 x\n',
  'YWJj',
  '=3D=',
  '\0',
  '\xff',
  '(((',
  '"',
  'a@b',
  'Date: Mon, 1 Jan 2024 00:00:00 +0000',
];

test('any bytes are parsed without exception, with offsets in order', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void exercise(Buffer.from(bytes))));
});

test('any mixture of mail fragments is parsed without exception, with offsets in order', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...fragments), { maxLength: 40 }), (pieces) => {
      exercise(Buffer.from(pieces.join(''), 'latin1'));
    }),
    { numRuns: 400 },
  );
});

test('fields, line breaks and body together are the whole message', () => {
  const field = fc.record({
    name: fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,10}$/),
    value: fc.array(fc.stringMatching(/^[ -~]{0,12}$/), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(field, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('\r\n', '\n', '\r'),
      fc.stringMatching(/^[ -~\n]{0,40}$/),
      (list, lineEnd, body) => {
        const header = list.map(({ name, value }) => `${name}:${value.join(`${lineEnd}\t`)}${lineEnd}`);
        const raw = Buffer.from(`${header.join('')}${lineEnd}${body}`);
        // After CR a line feed would belong to the line break.
        fc.pre(lineEnd !== '\r' || !body.startsWith('\n'));
        const message = exercise(raw);
        assert.deepEqual(
          message.headers.all.map((h) => raw.toString('latin1', h.start, h.end) + lineEnd),
          header,
        );
        assert.equal(raw.toString('latin1', message.bodyOffset), body);
      },
    ),
  );
});

interface Leaf {
  readonly type: string;
  readonly encoding: 'base64' | 'quoted-printable' | '7bit';
  readonly content: string;
}
interface Container {
  readonly children: readonly Node[];
}
type Node = Leaf | Container;

function write(node: Node, path: string): string {
  if ('children' in node) {
    const boundary = `b${path}`;
    const parts = node.children.map((child, i) => `--${boundary}\r\n${write(child, `${path}.${i}`)}\r\n`);
    return `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\npreamble\r\n${parts.join('')}--${boundary}--`;
  }
  const { type, encoding, content } = node;
  const body =
    encoding === 'base64'
      ? Buffer.from(content).toString('base64')
      : encoding === 'quoted-printable'
        ? [...Buffer.from(content)].map((b) => `=${b.toString(16).padStart(2, '0')}`).join('')
        : content;
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
}

function read(part: Part): unknown {
  return part.children.length > 0
    ? part.children.map(read)
    : [part.contentType, part.transferEncoding, part.decoded().toString()];
}

function expected(node: Node): unknown {
  return 'children' in node ? node.children.map(expected) : [node.type, node.encoding, node.content];
}

test('a generated tree of parts comes back with its contents', () => {
  const { root } = fc.letrec<{ root: Container; node: Node; leaf: Leaf }>((tie) => ({
    leaf: fc.record({
      type: fc.constantFrom('text/plain', 'text/html', 'image/png', 'application/x-thing'),
      encoding: fc.constantFrom('base64', 'quoted-printable', '7bit'),
      content: fc.stringMatching(/^[a-zA-Z0-9 .-]{0,30}[a-z]$/).filter((text) => !text.startsWith('--')),
    }),
    node: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie('leaf'), tie('root')),
    root: fc.record({
      children: fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
    }),
  }));
  fc.assert(
    fc.property(root, (tree) => {
      const message = exercise(Buffer.from(write(tree, '')));
      assert.deepEqual(read(message.root), expected(tree));
      assert.deepEqual(message.defects, []);
    }),
  );
});

// The sizes are such that a step which is quadratic in any of them would keep this test busy for minutes.
test('hostile shapes stay within the limits', () => {
  const shapes: [what: string, raw: string][] = [
    ['many tiny fields', 'a:\n'.repeat(200_000)],
    ['one field of blanks', `a:${' '.repeat(500_000)}\n\nx`],
    ['blanks that never become a field', `${'a \t'.repeat(1)}${' '.repeat(500_000)}`],
    ['many delimiters', `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n'.repeat(100_000)}`],
    ['delimiters that are none', `Content-Type: multipart/mixed; boundary=b\n\n${'--bb\n'.repeat(100_000)}`],
    ['dashes', `Content-Type: multipart/mixed; boundary=${'-'.repeat(70)}\n\n${'-'.repeat(500_000)}`],
    ['open encoded words', `Subject: ${'=?utf-8?q?'.repeat(6_000)}\n\n`],
    ['encoded words', `Subject: ${'=?utf-8?q?a?= '.repeat(40_000)}\n\n`],
    ['nested comments', `From: ${'('.repeat(60_000)}a@b\nContent-Type: ${'('.repeat(60_000)}\n\n`],
    ['open brackets', `To: ${'<'.repeat(60_000)}\nCc: ${'<@a,'.repeat(15_000)}\n\n`],
    ['blanks in an address', `To: a${' '.repeat(60_000)}@b, "${' \\'.repeat(30_000)}\n\n`],
    ['groups', `To: ${'a:'.repeat(30_000)}${'x@y:'.repeat(15_000)}\n\n`],
    ['parameters', `Content-Type: text/plain${'; a*0*=%41'.repeat(6_000)}\n\n`],
    ['carriage returns', '\r'.repeat(100_000)],
    ['carriage returns after a field', `a: b${'\r'.repeat(100_000)}`],
    ['deep messages', 'Content-Type: message/rfc822\n\n'.repeat(2_000)],
    ['trace fields', `Received: ${'from ('.repeat(10_000)}\n`.repeat(50)],
  ];
  for (const [what, raw] of shapes) {
    const message = exercise(Buffer.from(raw, 'latin1'));
    assert.ok(message.parts.length <= 1_000, what);
    assert.ok(message.headers.all.length <= 1_000, what);
  }
});

const sharedData = new URL('../../../shared/data/', import.meta.url);

function* sharedMail(folder: string): Generator<Buffer> {
  const load = (file: string): Buffer =>
    brotliDecompressSync(readFileSync(new URL(`${folder}/${file}`, sharedData)));
  const shards = new Map<number, Buffer>();
  for (const line of load('index.jsonl.br').toString().trim().split('\n')) {
    const { ptr } = JSON.parse(line) as { ptr: [shard: number, offset: number, length: number] };
    const [number, offset, length] = ptr;
    let shard = shards.get(number);
    if (!shard) {
      shard = load(`store/m${String(number).padStart(3, '0')}.br`);
      shards.set(number, shard);
    }
    yield shard.subarray(offset, offset + length);
  }
}

for (const [folder, share] of [
  ['content/content-dev', 1],
  ['outbreak/train', 5],
] as const) {
  if (!existsSync(new URL(`${folder}/index.jsonl.br`, sharedData))) {
    process.stderr.write(`left out: mail of shared/data/${folder} (not there)\n`);
    continue;
  }
  test(`real mail of shared/data/${folder} is parsed without exception, sender and text found`, (context) => {
    let count = 0;
    let withSender = 0;
    let withText = 0;
    const defects = new Map<string, number>();
    let index = 0;
    for (const raw of sharedMail(folder)) {
      if (index++ % share !== 0) continue;
      const message = exercise(raw);
      count++;
      if (message.from[0]?.domain) withSender++;
      if (message.parts.some((part) => part.text() !== '')) withText++;
      for (const { kind } of message.defects) defects.set(kind, (defects.get(kind) ?? 0) + 1);
    }
    context.diagnostic(
      `${count} messages, ${withSender} with sender, ${withText} with text, defects ${JSON.stringify([...defects])}`,
    );
    assert.ok(count > 1_000);
    assert.ok(withSender / count > 0.99);
    assert.ok(withText / count > 0.99);
  });
}
