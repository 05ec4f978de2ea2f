import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { pack, unpack } from 'msgpackr';
import { headerParameter, parseMultipart } from '../http/multipart.ts';
import { type Harness, post, splitReply, startScanPort } from './testing/harness.ts';

const message = 'From: a@example.com\r\n\r\nhello\r\n';

interface Part {
  readonly name: string;
  readonly body: string | Buffer;
  readonly headers?: string;
}

function form(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ name, body, headers = '' }) => [
    Buffer.from(`--BoundarY\r\nContent-Disposition: form-data; name="${name}"\r\n${headers}\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, Buffer.from('--BoundarY--\r\n')]);
}

const metadataPart = (metadata: unknown): Part => ({
  name: 'metadata',
  body: JSON.stringify(metadata),
  headers: 'Content-Type: application/json\r\n',
});

interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

async function ask(
  port: Harness,
  body: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const contentType = 'multipart/form-data; boundary="BoundarY"';
  const text = await port.exchange(
    post('/checkv3', { Connection: 'close', 'Content-Type': contentType, ...headers }, body),
  );
  const { status, head, body: content } = splitReply(text);
  return { status, head, body: Buffer.from(content, 'latin1') };
}

function partsOf(reply: Reply): ReturnType<typeof parseMultipart> {
  const contentType = /Content-Type: (.*)\r\n/.exec(reply.head)![1]!;
  return parseMultipart(reply.body, headerParameter(contentType, 'boundary')!, 2);
}

test('metadata describes the envelope and the reply is a form with the verdict', async (t) => {
  const port = await startScanPort(t);
  const metadata = {
    from: 'a@example.com',
    rcpt: ['b@example.net', '<c@example.net>'],
    ip: '192.0.2.1',
    helo: 'h.example',
    hostname: 'mail.example',
    queue_id: 'Q1',
    user: 'joe',
    deliver_to: 'b@example.net',
    settings_id: 'out',
    settings: { symbols_enabled: [] },
    tls: { cipher: 'AES' },
    mta: { tag: 'edge', name: 'mx' },
    flags: ['groups'],
    raw: true,
    log_tag: 'tag',
    mail_esmtp_args: { SIZE: 100 },
    rcpt_esmtp_args: [{}, { NOTIFY: 'NEVER' }],
    headers: { 'X-Own': ['1', '2'], File: '/etc/passwd' },
    unknown: 'ignored',
  };
  const reply = await ask(port, form([metadataPart(metadata), { name: 'message', body: message }]), {
    From: 'not@interpreted.example',
  });
  assert.equal(reply.status, 200);
  assert.match(reply.head, /Vary: Accept, Accept-Encoding\r\n/);
  const [result] = partsOf(reply);
  assert.equal(result!.name, 'result');
  assert.equal(result!.headers.get('content-type'), 'application/json');
  const verdict = JSON.parse(result!.body.toString());
  assert.equal(verdict.action, 'no action');
  assert.ok('groups' in verdict);
  const { envelope, raw } = port.scanner.last;
  assert.equal(raw.toString(), message);
  assert.equal(envelope.sender?.text, 'a@example.com');
  assert.deepEqual(
    envelope.recipients.map(({ text, esmtp }) => [text, [...esmtp]]),
    [
      ['b@example.net', []],
      ['c@example.net', [['NOTIFY', 'NEVER']]],
    ],
  );
  assert.equal(envelope.clientIp?.text, '192.0.2.1');
  assert.equal(envelope.helo, 'h.example');
  assert.equal(envelope.hostName, 'mail.example');
  assert.equal(envelope.queueId, 'Q1');
  assert.equal(envelope.login, 'joe');
  assert.equal(envelope.deliverTo, 'b@example.net');
  assert.equal(envelope.settingsId, 'out');
  assert.deepEqual(envelope.settings, { symbols_enabled: [] });
  assert.equal(envelope.tls?.cipher, 'AES');
  assert.equal(envelope.mtaTag, 'edge');
  assert.equal(envelope.mtaName, 'mx');
  assert.equal(envelope.logTag, 'tag');
  assert.deepEqual([...envelope.senderEsmtp], [['SIZE', '100']]);
  assert.deepEqual([...envelope.flags].sort(), ['groups', 'raw', 'ssl']);
  assert.deepEqual(envelope.request.getAll('x-own'), ['1', '2']);
  assert.equal(envelope.request.get('from'), 'not@interpreted.example');
  assert.equal(envelope.request.get('file'), undefined);
  assert.equal(envelope.request.get('settings'), '{"symbols_enabled":[]}');
});

test('msgpack metadata gets a msgpack result', async (t) => {
  const port = await startScanPort(t);
  const body = form([
    { name: 'message', body: message },
    {
      name: 'metadata',
      body: pack({ from: 'a@example.com' }),
      headers: 'Content-Type: application/x-msgpack\r\n',
    },
  ]);
  const [result] = partsOf(await ask(port, body));
  assert.equal(result!.headers.get('content-type'), 'application/msgpack');
  assert.equal(unpack(result!.body).action, 'no action');
  assert.equal(port.scanner.last.envelope.sender?.text, 'a@example.com');
});

test('the message part may be zstd, and so may the parts of the reply', async (t) => {
  const port = await startScanPort(t, { maxMessageBytes: 1000 });
  port.scanner.answer = { rewritten: Buffer.from('A: 1\r\n\r\nnew') };
  const zstd = 'Content-Encoding: zstd\r\n';
  const send = (content: Buffer): Promise<Reply> =>
    ask(port, form([metadataPart({}), { name: 'message', body: zstdCompressSync(content), headers: zstd }]), {
      'Accept-Encoding': 'zstd',
    });
  const parts = partsOf(await send(Buffer.from(message)));
  assert.equal(port.scanner.last.raw.toString(), message);
  assert.deepEqual(
    parts.map(({ name, headers }) => [name, headers.get('content-encoding')]),
    [
      ['result', 'zstd'],
      ['body', 'zstd'],
    ],
  );
  assert.equal(JSON.parse(zstdDecompressSync(parts[0]!.body).toString()).action, 'no action');
  assert.equal(zstdDecompressSync(parts[1]!.body).toString(), 'A: 1\r\n\r\nnew');
  assert.equal((await send(Buffer.alloc(1001))).status, 413);
});

test('Accept chooses the form of the reply', async (t) => {
  const port = await startScanPort(t);
  const body = form([metadataPart({}), { name: 'message', body: message }]);
  const typeFor = async (accept: string): Promise<string> =>
    /Content-Type: ([^;\r]*)/.exec((await ask(port, body, { Accept: accept })).head)![1]!;
  assert.equal(await typeFor('*/*'), 'multipart/form-data');
  assert.equal(await typeFor('multipart/*'), 'multipart/form-data');
  assert.equal(await typeFor('message/rfc822'), 'multipart/mixed');
  assert.equal(await typeFor('multipart/mixed'), 'multipart/mixed');
  assert.equal(await typeFor('application/json'), 'application/json');
  assert.equal(await typeFor('application/json;q=0.1, application/msgpack;q=0.2'), 'application/msgpack');
  assert.equal(await typeFor('application/*, multipart/form-data;q=0.5'), 'application/json');
});

test('nothing acceptable is 406, before anything is scanned', async (t) => {
  const port = await startScanPort(t);
  const body = form([metadataPart({}), { name: 'message', body: message }]);
  for (const accept of ['text/html', 'application/json;q=0']) {
    const reply = await ask(port, body, { Accept: accept });
    assert.equal(reply.status, 406);
    assert.deepEqual(JSON.parse(reply.body.toString()), {
      error: 'Not Acceptable',
      supported: ['multipart/form-data', 'multipart/mixed', 'application/json', 'application/msgpack'],
    });
  }
  assert.equal(port.scanner.requests.length, 0);
});

test('a form that cannot be understood is the client’s mistake', async (t) => {
  const port = await startScanPort(t);
  const good: Part = { name: 'message', body: message };
  const rows: [Buffer, RegExp, Record<string, string>?][] = [
    [form([good]), /metadata is missing/],
    [form([metadataPart({})]), /message is missing/],
    [form([{ name: 'metadata', body: '' }, good]), /metadata is empty/],
    [form([{ name: 'metadata', body: '{' }, good]), /metadata is no json/],
    [form([metadataPart({ from: 7 }), good]), /metadata\.from is not understood/],
    [form([metadataPart([]), good]), /metadata is not understood/],
    [form([metadataPart({}), good, { name: 'third', body: '' }]), /too many parts/],
    [form([metadataPart({}), { ...good, headers: 'Content-Encoding: gzip\r\n' }]), /Invalid compression/],
    [form([metadataPart({ file: '/etc/passwd' })]), /not allowed on this connection/],
    [form([metadataPart({ shm: '/x' })]), /not allowed on this connection/],
    [form([metadataPart({}), good]), /no multipart\/form-data/, { 'Content-Type': 'application/json' }],
    [form([metadataPart({}), good]).subarray(0, -20), /ended early/],
    [Buffer.from('nothing'), /no boundary/],
  ];
  for (const [body, error, headers] of rows) {
    const reply = await ask(port, body, headers);
    assert.equal(reply.status, 400, String(error));
    const json = JSON.parse(reply.body.toString());
    assert.deepEqual(Object.keys(json), ['error']);
    assert.match(json.error, error);
  }
  assert.equal(port.scanner.requests.length, 0);
});

test('a failure of the scan is a soft reject in the form the client accepts', async (t) => {
  const port = await startScanPort(t);
  port.scanner.answer = new Error('bug');
  const reply = await ask(port, form([metadataPart({}), { name: 'message', body: message }]));
  assert.equal(reply.status, 503);
  assert.equal(JSON.parse(reply.body.toString()).action, 'soft reject');
});
