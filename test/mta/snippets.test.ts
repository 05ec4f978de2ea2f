import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSnippets, snippet } from './snippets.ts';

const folder = new URL('./', import.meta.url);

test('every configuration block of the integration pages is run by a test', () => {
  const sources = ['postfix', 'exim', 'haraka', 'sendmail'].map((page) => ({
    page,
    source: readFileSync(new URL(`${page}.ts`, folder), 'utf8'),
  }));
  for (const { page, source } of sources) {
    const names = [...readSnippets(page).keys()];
    assert.ok(names.length > 0, `${page}.md has no block`);
    const unused = names.filter((name) => !source.includes(`'${name}'`));
    assert.deepEqual(unused, [], `${page}.ts does not use them`);
  }
  const pages = readdirSync(new URL('../../docs/integrate/', folder)).map((name) => name.replace('.md', ''));
  assert.deepEqual(pages.sort(), sources.map(({ page }) => page).sort());
});

test('a block that changed under its test is noticed', () => {
  assert.throws(() => snippet('postfix', 'nothing.cf'), /has no block named nothing\.cf/);
  assert.throws(() => snippet('postfix', 'main.cf', { 'inet:192.0.2.1:1': 'x' }), /does not contain/);
});
