import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BenchMessage, prepareMessage } from '../message.ts';
import type { Submission } from './client.ts';
import { parseHttpVerdict, scanHeaders } from './http.ts';
import { parseMilterVerdict } from './milter.ts';
import {
  EventWriter,
  encodeMacros,
  encodeOffer,
  encodePacket,
  encodeStrings,
  type Packet,
  PacketReader,
  postfixOffer,
  protocolBits,
} from './milter-codec.ts';
import { parseRspamcReply, rspamcRequest } from './rspamc.ts';

const submission: Submission = {
  host: '127.0.0.1',
  port: 1,
  user: 'joe',
  clientIp: '192.0.2.5',
  settings: '{"symbols_enabled":[]}',
  timeoutMs: 1000,
};

function message(text: string): BenchMessage {
  return prepareMessage(Buffer.from(text, 'latin1'), 1, new Date(0));
}

describe('HTTP codec', () => {
  it('takes only status 200 with an action for a verdict', () => {
    const reply = '{"action":"no action","symbols":{"A":{},"B":{}}}';
    assert.deepEqual(parseHttpVerdict(200, reply), { kind: 'verdict', action: 'no action', symbols: 2 });
    assert.deepEqual(parseHttpVerdict(503, reply), { kind: 'error', reason: 'HTTP 503' });
    for (const body of ['{"error":"x"}', 'null', '[]', '"action"', 'pong', '']) {
      assert.equal(parseHttpVerdict(200, body).kind, 'error', body);
    }
  });

  it('tells who sends what to whom, and leaves out a login and settings that are not there', () => {
    const mail = message('From: a@b.example\nTo: c@d.example, e@f.example\n\nhi');
    const headers = scanHeaders(mail, submission);
    assert.equal(headers['Content-Length'], mail.raw.length);
    assert.deepEqual(headers['Rcpt'], ['<c@d.example>', '<e@f.example>']);
    assert.equal(headers['User'], 'joe');
    assert.equal(headers['Settings'], '{"symbols_enabled":[]}');
    const bare = scanHeaders(mail, { ...submission, user: undefined, settings: undefined });
    assert.ok(!('User' in bare) && !('Settings' in bare));
  });
});

describe('RSPAMC codec', () => {
  it('writes the header lines of Exim and the spool form of the message', () => {
    const request = rspamcRequest(message('Date: 1\nTo: c@d.example\n\nx\ny'), submission).toString('latin1');
    const [head, body] = request.split('\r\n\r\n');
    assert.deepEqual(head?.split('\r\n'), [
      'CHECK RSPAMC/1.3',
      `Content-length: ${body?.length}`,
      'Queue-Id: B000000001',
      'From: <sender@example.com>',
      'Recipient-Number: 1',
      'Rcpt: <c@d.example>',
      'Helo: client.example.com',
      'Hostname: client.example.com',
      'IP: 192.0.2.5',
      'User: joe',
      'Settings: {"symbols_enabled":[]}',
    ]);
    assert.match(
      body ?? '',
      /^From sender@example\.com [^\n]+\nX-Envelope-From: <sender@example\.com>\nX-Envelope-To: c@d\.example\nDate: /,
    );
    assert.match(body ?? '', /\n\nx\ny$/);
  });

  it('reads a reply as Exim does', () => {
    const reply =
      'RSPAMD/1.3 0 EX_OK\r\nMetric: default; False; -1.50 / nan / 0.0\r\nAction: soft reject\r\nSymbol: A(0.00)\r\nSymbol: B(1.00)\r\n';
    assert.deepEqual(parseRspamcReply(reply), { kind: 'verdict', action: 'soft reject', symbols: 2 });
    for (const broken of ['', 'RSPAMD/1.3 0 EX_OK\r\n{"error":"x"}', 'HTTP/1.1 200 OK\r\n\r\n']) {
      assert.equal(parseRspamcReply(broken).kind, 'error', broken);
    }
  });
});

describe('milter codec', () => {
  function packets(...chunks: Uint8Array[]): Packet[] {
    return new PacketReader().push(Buffer.concat(chunks));
  }

  it('frames packets as the protocol says', () => {
    assert.equal(encodeOffer(postfixOffer).toString('hex'), '0000000d4f00000006000001ff001fffff');
    assert.equal(encodePacket('A').toString('hex'), '0000000141');
    const macros = encodeMacros('M', { i: undefined, '{auth_authen}': 'joe' });
    assert.equal(macros.toString('latin1', 4), 'DM{auth_authen}\0joe\0');
  });

  it('puts packets together from any pieces', () => {
    const stream = Buffer.concat([encodePacket('h', encodeStrings('X', 'y')), encodePacket('a')]);
    const reader = new PacketReader();
    const found = [...stream].flatMap((byte) => reader.push(Buffer.from([byte])));
    assert.deepEqual(
      found.map(({ command, payload }) => [command, payload.toString()]),
      [
        ['h', 'X\0y\0'],
        ['a', ''],
      ],
    );
  });

  it('refuses a length that no filter sends', () => {
    assert.throws(() => packets(Buffer.from('HTTP/1.1 400')), RangeError);
    assert.throws(() => packets(Buffer.alloc(4)), RangeError);
  });

  it('tells verdicts from failures', () => {
    const verdict = (command: string, text = ''): string => {
      const outcome = parseMilterVerdict({ command, payload: Buffer.from(text) });
      return outcome.kind === 'verdict' ? outcome.action : `error: ${outcome.reason}`;
    };
    assert.deepEqual(
      [
        verdict('a'),
        verdict('d'),
        verdict('y', '451 4.7.1 x\0'),
        verdict('y', '554 5.7.1 x\0'),
        verdict('t'),
      ],
      ['accept', 'discard', 'soft reject', 'reject', 'error: tempfail'],
    );
  });

  const noReplies =
    protocolBits.noReplyMail |
    protocolBits.noReplyRcpt |
    protocolBits.noReplyData |
    protocolBits.noReplyHeaders |
    protocolBits.noReplyEndOfHeaders |
    protocolBits.noReplyBody;
  const mail = message('Date: 1\nTo: c@d.example\n\nbody');

  it('sends a whole message in one piece to a filter that answers only at the end', () => {
    const pieces = new EventWriter(noReplies).message(mail, 'joe');
    assert.equal(pieces.length, 1);
    const commands = packets(pieces[0]!.bytes).filter(({ command }) => command !== 'D');
    assert.equal(commands.map(({ command }) => command).join(''), 'MRTLLNBE');
    assert.equal(commands[4]?.payload.toString(), 'To\0c@d.example\0');
  });

  it('keeps the space before a value where the filter asked for it, and leaves out events it does without', () => {
    const protocol = noReplies | protocolBits.leadingSpace | protocolBits.noBody | protocolBits.noRcpt;
    const sent = packets(...new EventWriter(protocol).message(mail, undefined).map(({ bytes }) => bytes));
    assert.ok(
      sent.some(({ command, payload }) => command === 'L' && payload.toString() === 'To\0 c@d.example\0'),
    );
    assert.ok(!sent.some(({ command }) => command === 'B' || command === 'R'));
    assert.ok(sent.some(({ command, payload }) => command === 'D' && payload[0] === 'B'.charCodeAt(0)));
  });

  it('waits for an answer to every event of a filter that gives one', () => {
    const pieces = new EventWriter(0).message(mail, 'joe');
    assert.deepEqual(pieces.map(({ command, replied }) => (replied ? command : '-')).join(''), 'MRTLLNBE');
  });

  it('cuts a body into pieces of at most 65,535 bytes', () => {
    const long = message(`Date: 1\n\n${'x'.repeat(70_000)}`);
    const [piece] = new EventWriter(noReplies).message(long, undefined);
    const bodies = packets(piece!.bytes).filter(({ command }) => command === 'B');
    assert.deepEqual(
      bodies.map(({ payload }) => payload.length),
      [65_535, 4465],
    );
  });
});
