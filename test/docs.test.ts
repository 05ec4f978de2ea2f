import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const skipped = new Set(['node_modules', '.git', '.cache', '.tmp', 'state', 'dist']);

function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesBelow(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

const pages = filesBelow(root, '.md').map((path) => ({ path, text: readFileSync(path, 'utf8') }));
const pageText = (name: string): string => readFileSync(join(root, name), 'utf8');

/** The anchor that a heading gets on a rendered page. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

test('every link between pages leads somewhere', () => {
  const broken = pages.flatMap(({ path, text }) =>
    [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(target)) return [`${relative(root, path)}: ${link}`];
      if (anchor === undefined) return [];
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
        anchorOf(text),
      );
      return headings.includes(anchor) ? [] : [`${relative(root, path)}: ${link}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test('every decision is in the index, under a number of its own', () => {
  const index = pageText('docs/decisions/README.md');
  const records = readdirSync(join(root, 'docs/decisions')).filter((name) => name !== 'README.md');
  assert.deepEqual(
    records.filter((name) => !index.includes(`(${name})`)),
    [],
  );
  const numbers = records.map((name) => name.slice(0, 3));
  assert.deepEqual(
    numbers.filter((number, at) => numbers.indexOf(number) !== at),
    [],
  );
});

test('the list of metrics for operators is complete', () => {
  const listed = [...pageText('docs/operate.md').matchAll(/^\| `(postern_[a-z_]+)` \|/gm)].map(
    ([, name = '']) => name,
  );
  const made = filesBelow(join(root, 'src'), '.ts')
    .filter((path) => !path.endsWith('.test.ts') && !path.includes('/testing/'))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/'(postern_[a-z_]+)'/g)])
    .map(([, name = '']) => name);
  assert.deepEqual([...new Set(made)].sort(), [...new Set(listed)].sort());
});

test('the table of errors is the one in the code', async () => {
  const { errorKinds } = await import('../src/core/index.ts');
  const rows = Object.entries(errorKinds).map(
    ([code, { retryable, httpStatus, smtpReply, exitCode }]) =>
      `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${httpStatus} | ${smtpReply} | ${exitCode} |`,
  );
  const page = pageText('docs/architecture.md');
  assert.deepEqual(
    rows.filter((row) => !page.includes(row)),
    [],
  );
});
