import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressResolver } from './resolve.ts';
import { parseSystemAliases, parseVirtualAliases } from './tables.ts';

test('lines go on where the next one begins with a blank, over comments', () => {
  const table = parseSystemAliases('a: b,\n# comment\n  c\n\td\r\ne: "f g", h\n');
  assert.deepEqual(
    [...table],
    [
      ['a', ['b']],
      ['e', ['h']],
    ],
  );
});

test('virtual tables have names in lower case and targets between commas', () => {
  const table = parseVirtualAliases(
    'A@B.example\tc@d.example,\n  e@f.example\n@x.example @y.example\nalone\n',
  );
  assert.deepEqual(
    [...table],
    [
      ['a@b.example', ['c@d.example', 'e@f.example']],
      ['@x.example', ['@y.example']],
    ],
  );
});

test('any text is read as a table', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', ':', ',', '"', '\\', ' ', '\n', '@', '|', '#') }),
      (text) => {
        for (const table of [parseSystemAliases(text), parseVirtualAliases(text)])
          for (const targets of table.values()) assert.ok(targets.length > 0);
      },
    ),
    { numRuns: 300 },
  );
});

test('whatever aliases point at each other, following them ends within the bound', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', '\\\\');
  fc.assert(
    fc.property(fc.dictionary(name, fc.array(name, { minLength: 1, maxLength: 6 })), name, (table, start) => {
      const entries = new Map(Object.entries(table));
      const resolver = new AddressResolver({
        sources: [{ find: (key) => entries.get(key), isVirtual: false }],
        maxDepth: 10,
        expandsMultiple: true,
        plus: true,
        gmail: true,
        isLocalDomain: () => true,
      });
      const text = `${start}@x.example`;
      const found = resolver.resolve({ text, local: start, domain: 'x.example' }, 4);
      const targets = found?.targets.map(({ address }) => address.text) ?? [text];
      assert.ok(targets.length >= 1 && targets.length <= 4);
      assert.equal(new Set(targets).size, targets.length);
    }),
    { numRuns: 300 },
  );
});
