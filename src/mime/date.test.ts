import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMailDate } from './date.ts';

test('dates of RFC 5322 3.3 and 4.3 are read', () => {
  const table: [text: string, iso: string | undefined][] = [
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z'],
    ['21 Nov 1997 09:55:06 +0130', '1997-11-21T08:25:06.000Z'],
    ['Thu, 13 Feb 1969 23:32 -0330 (Newfoundland Time)', '1969-02-14T03:02:00.000Z'],
    // RFC 5322 A.6.2 and 4.3.
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06.000Z'],
    ['1 Jan 49 00:00:00 UT', '2049-01-01T00:00:00.000Z'],
    ['1 Jan 50 00:00:00 UT', '1950-01-01T00:00:00.000Z'],
    ['1 Jan 101 00:00:00 UT', '2001-01-01T00:00:00.000Z'],
    ['1 Jan 2026 00:00:00 EST', '2026-01-01T05:00:00.000Z'],
    ['1 Jan 2026 00:00:00 A', '2026-01-01T00:00:00.000Z'],
    // RFC 5322 A.5: comments and folding.
    ['Thu,\t13\n Feb\n 1969\n 23:32\n -0330 (Newfoundland Time)', '1969-02-14T03:02:00.000Z'],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06.000Z'],
    // As senders write them.
    ['Fri, 21-Nov-1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z'],
    ['Fri 21 November 1997 9:55:06', '1997-11-21T09:55:06.000Z'],
    ['29 Feb 2024 00:00:60 +0000', '2024-02-29T00:01:00.000Z'],
    // No dates.
    ['', undefined],
    ['today', undefined],
    ['31 Feb 2026 00:00:00 +0000', undefined],
    ['29 Feb 2026 00:00:00 +0000', undefined],
    ['0 Jan 2026 00:00:00 +0000', undefined],
    ['1 Foo 2026 00:00:00 +0000', undefined],
    ['1 Jan 2026 24:00:00 +0000', undefined],
    ['1 Jan 2026 00:60:00 +0000', undefined],
    ['2026-01-01 00:00:00', undefined],
  ];
  for (const [text, iso] of table) assert.equal(parseMailDate(text)?.toISOString(), iso, text);
});

test('any date written by RFC 5322 comes back', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }), (date) => {
      date.setUTCMilliseconds(0);
      assert.equal(parseMailDate(date.toUTCString())?.getTime(), date.getTime());
    }),
  );
});
