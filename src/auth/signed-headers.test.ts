import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSignHeaders, parseSignHeaders, pickHeaders, selectHeaders } from './signed-headers.ts';
import { message } from './testing/mail.ts';

test('marks say how often a header is signed', () => {
  assert.deepEqual(parseSignHeaders('(o)From: (X)date :list-id::(o)from'), [
    { name: 'from', oversigning: 'always' },
    { name: 'date', oversigning: 'if-present' },
    { name: 'list-id', oversigning: 'present' },
  ]);
  assert.throws(() => parseSignHeaders('from:sub ject'), /"sub ject" is no header name/);
  assert.throws(() => parseSignHeaders('(z)from'), /is no header name/);
});

test('the stock list signs absent From, Reply-To, Subject, To and Cc, and the rest only where it is', () => {
  const { headers } = message('From: a@example.com\r\nDate: x\r\nList-Id: <l>\r\n\r\n');
  const { names } = selectHeaders(headers, parseSignHeaders(defaultSignHeaders.dkim));
  assert.equal(names.join(':'), 'from:from:reply-to:subject:date:date:to:cc:list-id');
  const arc = parseSignHeaders(defaultSignHeaders.arc);
  assert.deepEqual(arc.at(-1), { name: 'dkim-signature', oversigning: 'present' });
});

test('of several headers of one name the lowest is signed first', () => {
  const { headers, raw } = message('From: one\r\nTo: x\r\nFrom: two\r\n\r\n');
  const { names, selected } = selectHeaders(headers, parseSignHeaders('(o)from'));
  assert.deepEqual(names, ['from', 'from', 'from']);
  assert.deepEqual(
    selected.map((header) => header && raw.toString('latin1', header.valueStart, header.end)),
    [' two', ' one', undefined],
  );
  const picked = pickHeaders(headers, ['from', 'to', 'from', 'from', 'cc']);
  assert.deepEqual(
    picked.selected.map((header) => header?.value),
    ['two', 'x', 'one', undefined, undefined],
  );
});
