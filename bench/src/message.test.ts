import assert from 'node:assert/strict';
import { it } from 'node:test';
import { prepareMessage, splitHeader } from './message.ts';

const now = new Date(Date.UTC(2026, 10, 22, 13, 5, 9));

function prepared(text: string) {
  const message = prepareMessage(Buffer.from(text, 'latin1'), 26, now);
  const raw = message.raw.toString('latin1');
  return { ...message, raw, body: raw.slice(message.bodyOffset) };
}

it('drops the mbox separator, writes CRLF and dates the message now', () => {
  const { raw, body, queueId } = prepared(
    'From a@b  Thu Aug 22 12:36:23 2002\nSubject: x\nDate: Thu,\n 22 Aug 2002\n\nhi\n',
  );
  assert.equal(raw, 'Subject: x\r\nDate: Sun, 22 Nov 2026 13:05:09 +0000\r\n\r\nhi\r\n');
  assert.equal(body, 'hi\r\n');
  assert.equal(queueId, 'B00000001A');
});

it('gives a message without Date one', () => {
  assert.equal(
    prepared('Subject: x\n\nDate: 1\n').raw,
    'Date: Sun, 22 Nov 2026 13:05:09 +0000\r\nSubject: x\r\n\r\nDate: 1\r\n',
  );
});

it('leaves a first line that is a From field alone', () => {
  assert.match(prepared('From: a@b.example\r\n\r\n').raw, /^Date: .*\r\nFrom: a@b\.example\r\n\r\n$/);
});

it("takes the message's own addresses as its envelope", () => {
  const { sender, recipients } = prepared(
    'From: "no@where.example" <a.b@c.example>\nTo: x@y.example (z@z.example),\n  "q" <q@r.example>\nCc: <s@t.example>\n\n',
  );
  assert.equal(sender, 'a.b@c.example');
  assert.deepEqual(recipients, ['x@y.example', 'q@r.example', 's@t.example']);
});

it('puts in an envelope where a message names nobody, and keeps 8-bit bytes', () => {
  const { sender, recipients, body } = prepared('Subject: \xe9\n\n\xff\xfe');
  assert.deepEqual([sender, recipients], ['sender@example.com', ['recipient@example.net']]);
  assert.equal(body, '\xff\xfe');
});

it('splits a header into fields with LF in folded values', () => {
  const text = 'A: 1\r\nB:2\r\n\t3\r\n\r\nC: no\r\n';
  assert.deepEqual(splitHeader(text), {
    fields: [
      { name: 'A', value: ' 1' },
      { name: 'B', value: '2\n\t3' },
    ],
    bodyOffset: text.indexOf('C: no'),
  });
});

it('ends the header at the first line that is no field', () => {
  const { fields, bodyOffset } = splitHeader('A: 1\r\nno field\r\nB: 2\r\n');
  assert.equal(fields.length, 1);
  assert.equal(bodyOffset, 6);
});

it('takes an unfinished header for a message without body', () => {
  assert.equal(splitHeader('A: 1\r\n 2').bodyOffset, 8);
  assert.equal(splitHeader('').bodyOffset, 0);
});
