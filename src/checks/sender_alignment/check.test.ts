import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  address,
  buildCheck,
  type CheckRun,
  runCheck,
  type TestMessage,
  testTask,
} from '../../../test/helpers/check-table.ts';
import { hit } from '../../../test/helpers/export-receivers.ts';
import type { CheckDefinition } from '../../core/index.ts';
import { isAllowed, parseAllowed } from './allowed.ts';
import { senderAlignment } from './check.ts';

const check = senderAlignment as unknown as CheckDefinition;
type Options = Readonly<Record<string, unknown>>;

const from = (...fields: string[]): string => [...fields, 'To: x@example.org', '', 'hi', ''].join('\n');
const as = (header: string, more: TestMessage = {}): TestMessage => ({
  way: 'authenticated',
  raw: from(`From: ${header}`),
  envelope: { login: 'alice@example.com' },
  from: 'alice@example.com',
  ...more,
});
const run = (config: Options, message: TestMessage): Promise<CheckRun> =>
  runCheck(check, { action: 'mark', ...config }, message);

test('a login may write as itself and as what the map says', async () => {
  const senders = [
    'alice@example.com sales@example.com, @alice.example; @.tree.example',
    'bob bob@example.net',
    '@example.com info@example.com',
    'boss *',
  ];
  const H = 'SENDER_HEADER_MISMATCH';
  const E = 'SENDER_ENVELOPE_MISMATCH';
  const OK = 'SENDER_ALIGNED';
  const table: [config: Options, message: TestMessage, symbols: readonly string[]][] = [
    [{}, as('Alice <alice@example.com>'), [OK]],
    [{}, as('Alice <ALICE@Example.COM>'), [OK]],
    [{}, as('alice+news@example.com'), [OK]],
    [{ subaddresses: false }, as('alice+news@example.com'), [H]],
    [{ recipient_delimiter: '-' }, as('alice-news@example.com'), [OK]],
    [{ same_address: false }, as('alice@example.com'), [E, H]],
    [{}, as('ceo@example.com'), [H]],
    [{ same_domain: true }, as('ceo@example.com'), [OK]],
    [{}, as('Alice <alice@example.com>', { from: 'ceo@example.com' }), [E]],
    [{}, as('ceo@example.com', { from: 'ceo@example.com' }), [E, H]],
    [{}, as('alice@example.com', { from: '' }), [OK]],
    [{}, as('alice@example.com, ceo@example.com'), [H]],
    [{}, as('', { raw: from('From: alice@example.com', 'From: ceo@example.com') }), [H]],
    [{}, as('', { raw: from('Subject: no From') }), [OK]],
    [{}, as('"alice@example.com" <ceo@example.com>'), [H]],
    [{}, as('', { raw: from('From: ceo@example.com', 'Sender: alice@example.com') }), [H]],
    [
      { accept_sender_header: true },
      as('', { raw: from('From: ceo@example.com', 'Sender: alice@example.com') }),
      [OK],
    ],
    [
      { accept_sender_header: true },
      as('', { raw: from('From: ceo@example.com', 'Sender: bob@example.net') }),
      [H],
    ],
    [{ senders }, as('sales@example.com'), [OK]],
    [{ senders }, as('sales+x@example.com'), [OK]],
    [{ senders }, as('any@alice.example'), [OK]],
    [{ senders }, as('any@sub.alice.example'), [H]],
    [{ senders }, as('any@a.b.tree.example'), [OK]],
    [{ senders }, as('any@tree.example'), [OK]],
    [{ senders }, as('any@bigtree.example'), [H]],
    [{ senders }, as('info@example.com'), [H]],
    [
      { senders },
      as('info@example.com', { envelope: { login: 'carol@example.com' }, from: 'carol@example.com' }),
      [OK],
    ],
    [{ senders }, as('bob@example.net', { envelope: { login: 'bob' }, from: 'bob@example.net' }), [OK]],
    [{ senders }, as('x@y.example', { envelope: { login: 'boss' }, from: 'z@y.example' }), [OK]],
    [{}, as('dave@example.org', { envelope: { login: 'dave' }, from: 'dave@example.org' }), [E, H]],
    [
      { default_domain: 'example.org' },
      as('dave@example.org', { envelope: { login: 'dave' }, from: 'dave@example.org' }),
      [OK],
    ],
    [{ senders, unknown_login: 'skip' }, as('x@y.example', { envelope: { login: 'dave' } }), []],
    [{ exempt_logins: ['alice@example.com'] }, as('ceo@example.com'), []],
    [{ header_action: 'off' }, as('ceo@example.com'), [OK]],
    [{ envelope_action: 'off' }, as('alice@example.com', { from: 'ceo@example.com' }), [OK]],
    [
      {},
      as('x@bücher.example', {
        envelope: { login: 'x@xn--bcher-kva.example' },
        from: 'x@xn--bcher-kva.example',
      }),
      [OK],
    ],
    [{}, { way: 'local', raw: from('From: ceo@example.com') }, []],
    [{}, { way: 'inbound', raw: from('From: ceo@example.com') }, []],
    [{ action: 'off' }, as('ceo@example.com'), []],
  ];
  for (const [config, message, symbols] of table) {
    const { symbols: found } = await run(config, message);
    assert.deepEqual(found, symbols, JSON.stringify([config, message]));
  }
});

test('what happens to mail that does not fit is what the operator chose, the strongest where the two differ', async () => {
  const actionOf = async (config: Options, message: TestMessage): Promise<string | undefined> =>
    (await runCheck(check, config, message)).preResults[0]?.action;
  const header = as('ceo@example.com');
  const both = as('ceo@example.com', { from: 'ceo@example.com' });
  assert.equal(await actionOf({ action: 'mark' }, header), undefined);
  assert.equal(await actionOf({ action: 'hold' }, header), 'quarantine');
  assert.equal(await actionOf({ action: 'reject' }, header), 'reject');
  assert.equal(await actionOf({ action: 'mark', envelope_action: 'reject' }, header), undefined);
  assert.equal(await actionOf({ action: 'reject', header_action: 'hold' }, both), 'reject');
  const { preResults } = await runCheck(check, { action: 'reject', message: 'No.' }, header);
  assert.equal(preResults[0]?.message, 'No.');
});

test('an alias does not hide what was written as sender', async () => {
  const built = await buildCheck(check, { action: 'mark' });
  const { task, hits } = testTask(as('alice@example.com', { from: 'info@example.com' }));
  task.correctEnvelope({ sender: address('alice@example.com') });
  for (const unit of built.units) await unit.run(task, (name) => void hits.set(name, hit(name, 1)));
  assert.deepEqual([...hits.keys()], ['SENDER_ENVELOPE_MISMATCH']);
  await built.close();
});

function database(context: TestContext, rows: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'alignment-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mail.db');
  const open = new DatabaseSync(file);
  open.exec(`CREATE TABLE acl (login TEXT, address TEXT); ${rows}`);
  open.close();
  return file;
}

test('a database says what a login may use, and its failure is not taken for an answer', async (context) => {
  const file = database(context, "INSERT INTO acl VALUES ('alice@example.com', 'sales@example.com')");
  const senders = {
    external: true,
    backend: `sqlite:${file}`,
    query: 'SELECT address FROM acl WHERE login = ?',
  };
  const built = await buildCheck(check, { action: 'reject', senders });
  assert.deepEqual((await built.run(as('sales@example.com'))).symbols, ['SENDER_ALIGNED']);
  assert.deepEqual((await built.run(as('ceo@example.com'))).symbols, ['SENDER_HEADER_MISMATCH']);
  await built.close();

  const broken = { ...senders, query: 'SELECT address FROM missing WHERE login = ?' };
  const accepted = await runCheck(check, { action: 'reject', senders: broken }, as('ceo@example.com'));
  assert.deepEqual([accepted.symbols, accepted.preResults], [['SENDER_LOOKUP_FAIL'], []]);
  const later = await runCheck(
    check,
    { action: 'reject', senders: broken, on_failure: 'soft reject' },
    as('ceo@example.com'),
  );
  assert.deepEqual(later.symbols, ['SENDER_LOOKUP_FAIL']);
  assert.equal(later.preResults[0]?.action, 'soft reject');
});

test('whatever a map says, an address is allowed only by itself, its domain or the sign for everything', () => {
  const local = fc.stringMatching(/^[a-z0-9.]{1,8}$/);
  const domain = fc.constantFrom('a.example', 'b.a.example', 'c.example');
  fc.assert(
    fc.property(fc.array(fc.tuple(local, domain), { maxLength: 5 }), local, domain, (entries, user, host) => {
      const allowed = parseAllowed(entries.map(([name, at]) => `${name}@${at}`));
      const expected = entries.some(([name, at]) => name === user && at === host);
      assert.equal(isAllowed(`${user}@${host}`, allowed, '+'), expected);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, address) => {
      isAllowed(address, parseAllowed([text]), '+');
    }),
    { numRuns: 300 },
  );
});
