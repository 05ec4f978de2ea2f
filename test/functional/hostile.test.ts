import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type HostileMail, hostileMails } from './hostile/mail.ts';
import { message, startServer, type TestServer } from './server.ts';

/** Small, because there are hundreds; `npm run hostile` sends them at full size. */
const smallBytes = 150_000;
/** Enough to pass every bound. */
const bigBytes = 1_200_000;
const small = hostileMails(smallBytes);
const big = new Map(hostileMails(bigBytes).map((mail) => [mail.name, mail]));

interface Reply {
  readonly action?: string;
  readonly symbols?: Readonly<Record<string, { readonly options?: readonly string[] }>>;
}

suite('hostile messages through a real server with all its checks', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      'local.d/options.inc': 'max_message = 10mb;\n',
      // Mail that comes again would be told to come later.
      'local.d/greylist.conf': 'enabled = false;\n',
      'local.d/worker-normal.inc': 'count = 1;\n',
      // Words are read for whom they are asked; Bayes asks now and then while nothing was learned.
      'local.d/regexp.conf': 'READS_WORDS = "/^postern-was-here$/{words}";\n',
    });
  });
  after(() => server.dispose());

  const scan = async (raw: string | Buffer): Promise<Reply> => {
    const response = await server.scan(raw);
    assert.equal(response.status, 200);
    return (await response.json()) as Reply;
  };

  const groups = new Map<string, HostileMail[]>();
  for (const mail of small) {
    const first = mail.name.split(' ')[0]!;
    const group = ['text', 'HTML', 'style', 'subject', 'To', 'charset', 'many'].includes(first)
      ? first
      : 'others';
    groups.set(group, [...(groups.get(group) ?? []), mail]);
  }
  for (const [group, members] of groups)
    test(`every message of group ${group} gets its verdict`, async () => {
      for (const { name, make } of members) {
        const { action } = await scan(make());
        assert.equal(typeof action, 'string', name);
      }
    });

  const cut: readonly (readonly [name: string, ...bounds: string[]])[] = [
    ['text of a character', 'text-too-long'],
    ['text of different links', 'text-too-long', 'too-many-urls', 'too-many-words'],
    ['a link of one line', 'text-too-long', 'url-too-long'],
    ['HTML of nested div', 'html-too-large', 'text-too-long'],
    ['HTML of images', 'html-too-large', 'text-too-long', 'too-many-urls'],
    ['To of mailboxes', 'header-too-long'],
    ['100,000 headers', 'too-many-headers'],
    ['100,000 parts', 'too-many-parts'],
    ['10,000 nested multiparts', 'too-deep'],
    ['messages nested in base64', 'too-deep'],
    ['parameters', 'field-too-long', 'too-many-parameters'],
    ['nothing'],
  ];
  for (const [name, ...bounds] of cut)
    test(`${name}: ${bounds.join(', ') || 'nothing'} is told as passed`, async () => {
      const { symbols } = await scan(big.get(name)!.make());
      assert.deepEqual([...(symbols?.['PARTLY_READ']?.options ?? [])].sort(), bounds);
    });

  test('after all of them the same worker goes on as before', async () => {
    assert.equal((await scan(message)).action, 'no action');
    assert.doesNotMatch(server.daemon.output(), /worker ended|uncaught/i);
  });
});
