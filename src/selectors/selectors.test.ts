import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeZip } from '../../test/helpers/archive-files.ts';
import { withAttachments } from '../../test/helpers/attachments.ts';
import { noMetrics, recordingLog, type TestMessage, testTask } from '../../test/helpers/check-table.ts';
import { ConfigError, type Selectors } from '../core/index.ts';
import { createMaps } from '../maps/index.ts';
import { createSelectors, listExtractors, listTransforms } from './index.ts';

const maps = createMaps({
  options: {
    mapWatchIntervalMs: 1000,
    mapFileWatchMultiplier: 1,
    maps: { connectTimeoutMs: 1, readTimeoutMs: 1 },
    httpAuth: undefined,
  },
  stateDir: '/nonexistent',
  log: recordingLog(),
  clock: { now: () => 0 },
  metrics: noMetrics,
  mode: 'check',
});
maps.open({ data: ['key value', 'key1 value1', 'example.net x'], selector_alias: 'mine' }, 'hash', {
  description: 'test',
  path: [],
});
const selectors: Selectors = createSelectors({ maps, hostName: 'scanner.example' });

const raw = [
  'Received: from a.example (b.example [192.0.2.5]) by mx.example with ESMTPSA id 1 for <r@example.org>;',
  ' Tue, 14 Nov 2023 22:00:00 +0000',
  'Received: by host.example (Postfix, from userid 33); Tue, 14 Nov 2023 21:59:00 +0000',
  'From: =?utf-8?q?J=C3=B6rg?= <Joerg@Mail.Example.co.uk>',
  'To: One <one@example.org>, two@example.net',
  'Cc: three@example.org',
  'Subject: Order 12345 now',
  'X-Tag: a',
  'x-tag: b',
  'Message-ID: <id@example.com>',
  'Date: Wed, 15 Nov 2023 10:20:30 +0200',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=x',
  '',
  '--x',
  'Content-Type: text/plain',
  '',
  'See http://www.example.co.uk/a/b?q=1 and http://other.example.net/ mail someone@example.com',
  '--x',
  'Content-Type: application/octet-stream; name="report.pdf"',
  'Content-Disposition: attachment; filename="report.pdf"',
  '',
  'hello',
  '--x--',
  '',
].join('\n');

const message: TestMessage = {
  raw,
  way: 'authenticated',
  rcpts: ['First@example.org', 'second@example.net'],
  request: { 'MTA-Tag': 'out', 'Deliver-To': 'x' },
  variables: { asn: 64496, country: 'DE' },
  hits: [
    { name: 'SYM', score: 2.5, metricScore: 2.5, description: undefined, groups: ['g'], options: ['a', 'b'] },
  ],
};

function values(
  selector: string,
  from: TestMessage = message,
  delimiter?: string,
): readonly string[] | undefined {
  return selectors
    .compile(selector, delimiter === undefined ? { path: ['x'] } : { path: ['x'], delimiter })
    .values(testTask(from).task);
}

test('every extractor yields what its name says', () => {
  const table: [selector: string, values: readonly string[] | undefined][] = [
    ["id('Something')", ['Something']],
    ['id', ['']],
    ["list('a', b)", ['a', 'b']],
    ['ip', ['198.51.100.8']],
    ['ip:get_version', ['4']],
    ["ip:inversed_str_octets.join('.')", ['8.100.51.198']],
    ['from', ['sender@example.com']],
    ["from('smtp'):user", ['sender']],
    ["from('mime')", ['Joerg@Mail.Example.co.uk']],
    ["from('mime'):domain.get_tld", ['example.co.uk']],
    ["from('mime'):name", ['Jörg']],
    ["from('mime'):raw", ['<Joerg@Mail.Example.co.uk>']],
    ["from('smtp'):raw", ['sender@example.com']],
    ["from({'smtp','orig'})", ['sender@example.com']],
    ['rcpts', ['First@example.org', 'second@example.net']],
    ["rcpts('mime'):domain.uniq", ['example.org', 'example.net']],
    ['to', ['first@example.org']],
    ['user', ['sender@example.com']],
    ['authenticated', ['true']],
    ['helo', ['laptop']],
    ['rspamd_hostname', ['scanner.example']],
    ['country', ['DE']],
    ['asn', ['64496']],
    ['files', ['report.pdf']],
    ["header('subject')", ['Order 12345 now']],
    ["header('X-Tag','full')", ['a', 'b']],
    ["header('x-tag', 'strong')", ['b']],
    ["header('x-tag','full,strong'):name", ['x-tag']],
    ["header('X-None')", undefined],
    ["header('X-None','full')", undefined],
    ['received:by_hostname', ['mx.example', 'host.example']],
    ["received('from_hostname')", ['a.example']],
    ['received_count', ['2']],
    ['urls:get_tld', ['example.co.uk', 'example.net']],
    ["urls('get_host').first", ['www.example.co.uk']],
    ['urls:get_path.first', ['a/b']],
    ['urls:get_query', ['q=1']],
    ['emails', ['someone@example.com']],
    ['specific_urls({limit=1}):get_host', ['www.example.co.uk']],
    [
      "specific_urls({limit = 5, exclude_flags = {'numeric', 'obscured'}}):get_host.last",
      ['other.example.net'],
    ],
    ['specific_urls_filter_map(mine):get_host', ['other.example.net']],
    ['urls_filtered({}, {numeric}).first', ['http://www.example.co.uk/a/b?q=1']],
    ["pool_var('asn', 'double')", ['64496']],
    ["pool_var('none')", undefined],
    ["request_header('mta-tag')", ['out']],
    ["time('connect')", ['1700000000']],
    ["time('connect', '!%Y-%m-%d %H:%M:%S %w %j')", ['2023-11-14 22:13:20 2 318']],
    ["time('message', '!%d %H')", ['15 08']],
    ['time', ['1700036430']],
    ["words('norm')", ['see', 'and', 'mail']],
    ["words('raw')", ['See', 'and', 'mail']],
    ['words', ['see', 'and', 'mail']],
    ["words('full'):raw", ['See', 'and', 'mail']],
    ["words('full'):norm.first", ['see']],
    ["words('full')", ['see', 'and', 'mail']],
    ['queueid', ['QUEUE1']],
    ['uid', ['task1']],
    ['messageid', ['id@example.com']],
    ['symbol(SYM)', ['SYM']],
    ['symbol(SYM):score', ['2.5']],
    ['symbol(SYM):options', ['a', 'b']],
    ['symbol(NONE):score', undefined],
    ['scan_result:action', ['no action']],
    ['scan_result:score', ['2.5']],
  ];
  for (const [selector, expected] of table) assert.deepEqual(values(selector), expected, selector);
});

test('every transform does what its name says', () => {
  const table: [selector: string, values: readonly string[] | undefined][] = [
    ["id('ÄB').lower", ['Äb']],
    ["id('ÄB').lower_utf8", ['äb']],
    ['list(a,b,c).first', ['a']],
    ['list(a,b,c).last', ['c']],
    ['list(a,b,c).nth(2)', ['b']],
    ['list(a,b,c).nth(4)', undefined],
    ['list(a,b,c).take_n(2)', ['a', 'b']],
    ['list(a,b,c).drop_n(1)', ['b', 'c']],
    ["list(a,b,c).join('-')", ['a-b-c']],
    ["list(a,b,c,d,e).join_nth(2, ':')", ['a:b', 'c:d', 'e']],
    ["header('X-Tag','full').join_tables(' ').first", ['X-Tag a X-Tag: a a']],
    ['list(c,a,b).sort', ['a', 'b', 'c']],
    ['list(c,a,c).uniq', ['c', 'a']],
    ["id('abcdef').substring(2, 4)", ['bcd']],
    ["id('abcdef').substring(-3)", ['def']],
    ["id('abcdef').substring(1, -2)", ['abcde']],
    ["id('abcdef').substring(5, 2)", ['']],
    ["user.prepend('a', 'b')", ['absender@example.com']],
    ["user.append(':x')", ['sender@example.com:x']],
    ["header('Subject').regexp('/(\\d+) (\\w+)/')", ['12345 now', '12345', 'now']],
    ["header('Subject').match('/NOW$/i')", ['now']],
    ["header('Subject').regexp('/none/')", undefined],
    ["list(key, other).filter_map('mine')", ['key']],
    ["list(key, other).except_map('mine')", ['other']],
    ['list(key, other).apply_map(mine)', ['value']],
    ["user.id('x')", ['x']],
    ['rcpts.id(a, b)', ['a', 'b']],
    ["user.equal('nobody')", undefined],
    ['user.in("sender@example.com", other)', ['sender@example.com']],
    ['user.not_in("sender@example.com")', undefined],
    ['user.inverse', undefined],
    ["header('X-None').inverse('none')", ['none']],
    ['ip.ipmask(24)', ['198.51.100.0']],
    ["id('2001:db8:1:2::3').ipmask(24, 48)", ['2001:db8:1::']],
    ["id('nonsense').ipmask(24)", undefined],
    ["id('Jörg').to_ascii", ['J??rg']],
    ["id('Jörg').to_ascii('_')", ['J__rg']],
    ["id('www.example.co.uk').get_tld", ['example.co.uk']],
    ["list('1','256').pack_numbers('H')", ['\x01\0\0\x01']],
    ['list(a,nil,b).filter_string_nils', ['a', 'b']],
    ["urls.first.apply_methods('get_tld', 'get_host')", ['example.co.uk', 'www.example.co.uk']],
    ["urls.filter_method('get_query')", ['http://www.example.co.uk/a/b?q=1']],
    ["urls.filter_method('is_phished')", undefined],
    [
      "urls.apply_methods('get_host', 'get_path').join_tables('/')",
      ['www.example.co.uk/a/b', 'other.example.net'],
    ],
    ["urls.filter_method('get_tld', 'example.net').first", ['http://other.example.net/']],
  ];
  for (const [selector, expected] of table) assert.deepEqual(values(selector), expected, selector);
});

test('digests are those of the peer', () => {
  const keyed =
    '08d73982eaf76680237a7e74521646f67df490dd2ae174d89766c66ec7bde390108f8895a650403d15eafc96180d1060b3a1a572ae7ffb2b7b1b7f79192d228f';
  assert.deepEqual(values("id('hello').digest"), [keyed]);
  assert.deepEqual(values("id('hello').digest('base32').substring(1, 16)"), ['eaiudbk7zz3yatex']);
  assert.deepEqual(values("id('hello').digest('bleach32','md5')"), ['t4q5q24ufv48dwt3nkg3q979jg']);
  assert.deepEqual(values("id('hello').digest('hex','sha256').substring(1,8)"), ['2cf24dba']);
  assert.deepEqual(values("attachments('base64','sha1')"), ['qvTGHdzF6KLavt4PO0gs2a6pQ00=']);
  assert.deepEqual(values('attachments'), [keyed]);
});

test('selectors are combined row by row, and nil takes the whole away', () => {
  const table: [selector: string, delimiter: string | undefined, values: readonly string[] | undefined][] = [
    ["id('a'); user", undefined, ['a:sender@example.com']],
    ["id('a') * id('b')", '', ['ab']],
    ["id('rcpt');rcpts:user.lower;id('x')", ':', ['rcpt:first:x', 'rcpt:second:x']],
    ['list(a,b,c);list(x,y)', '-', ['a-x', 'b-y']],
    ["id('a');header('X-None')", undefined, undefined],
    ["list(a);header('X-None','full')", undefined, undefined],
    ["user.lower;time('connect', '!%w').in(1, 2, 3).id('work')", undefined, ['sender@example.com:work']],
    ["user.lower;time('connect', '!%w').in(6, 0).id('rest')", undefined, undefined],
  ];
  for (const [selector, delimiter, expected] of table) {
    assert.deepEqual(values(selector, message, delimiter), expected, selector);
  }
});

test('the null sender is an empty text and no sender at all is nil', () => {
  assert.deepEqual(values("from('smtp')", { ...message, from: '' }), ['']);
  const { task } = testTask({ raw: '\n', envelope: { sender: undefined, recipients: [] } });
  assert.equal(selectors.compile('from', { path: [] }).values(task), undefined);
  assert.equal(selectors.compile('rcpts', { path: [] }).values(task), undefined);
  assert.equal(selectors.compile('to', { path: [] }).values(task), undefined);
});

test('a bad selector is refused with its path and place', () => {
  const table: [selector: string, message: RegExp][] = [
    ['', /character 1: name expected/],
    ['nothing', /character 1: unknown selector "nothing"/],
    ['user.nothing', /character 6: unknown transform/],
    ['user.first', /works on a list/],
    ['user.lower:addr', /must follow the first name/],
    ['from:nothing', /there is no ":nothing" \(addr, user, domain, name, raw\)/],
    ['user:addr', /a text has no ":addr"/],
    ['user extra', /unexpected "e"/],
    ["header('a", /quote is not closed/],
    ['header(a', /"\)" is missing/],
    ['header', /argument 1 is missing/],
    ["header('a', 'b')", /full and strong/],
    ['rcpts.nth(x)', /no number/],
    ["user.regexp('/(a/')", /bad expression/],
    ["user.regexp('/(a+)+$/')", /exponential/],
    ["user.digest('hex', 'crc')", /none of blake2/],
    ['time(connect, "%Q")', /bad time format/],
    ["words('none')", /stem, raw, norm, full/],
    ['metatokens', /not available/],
    ['task_cache(x)', /not available/],
    ['from(x)', /none of smtp/],
    ['ip.ipmask(33, 64)', /0 to 32/],
    ['list(a).join_tables', /has fields/],
    ["specific_urls({limit='x'})", /bad limit/],
    ["specific_urls({colour='x'})", /unknown option/],
    ["user.filter_map('no such map/')", /is no map/],
    ['constructor', /unknown selector/],
    ['user.toString', /unknown transform/],
  ];
  for (const [selector, pattern] of table) {
    assert.throws(
      () => selectors.compile(selector, { path: ['ratelimit', 'rates'] }),
      (error) =>
        error instanceof ConfigError && pattern.test(error.message) && /ratelimit/.test(error.message),
      selector,
    );
  }
});

test('any text is compiled or refused', () => {
  const piece = fc.constantFrom(
    'user',
    'from',
    ':',
    '.',
    'lower',
    '(',
    ')',
    "'x'",
    ',',
    '{',
    '}',
    '=',
    ';',
    ' ',
    'rcpts',
  );
  const { task } = testTask(message);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        selectors.compile(pieces.join(''), { path: [] }).values(task);
      } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('names are listed with what they mean', () => {
  assert.match(listExtractors()['ip'] ?? '', /client/);
  assert.match(listTransforms()['lower'] ?? '', /lower case/);
});

test('languages are those of the texts that are long enough', () => {
  const of = (body: string): readonly string[] | undefined =>
    selectors.compile('languages', { path: [] }).values(
      testTask({
        raw: `Subject: x\nContent-Type: text/plain; charset=utf-8\n\n${body}\n`,
      }).task,
    );
  assert.deepEqual(of('Vielen Dank, wir schicken es Ihnen mit der Post und auf dem Weg.'), ['de']);
  assert.deepEqual(
    of('Thank you, we will send it to you.\n> Vielen Dank, wir sind auf dem Weg und mit der Post'),
    ['en'],
  );
  assert.deepEqual(of('Hello.') ?? [], []);
});

test('names inside archives and types of files are taken from their bytes', () => {
  const { task } = testTask({
    raw: withAttachments([
      { name: 'a.bin', content: makeZip([{ name: 'd/b.exe' }, { name: 'c.txt' }]) },
      { name: 'b.txt', content: '%PDF-1.7' },
    ]),
  });
  const values = (text: string): readonly string[] | undefined =>
    selectors.compile(text, { path: [] }).values(task);
  assert.deepEqual(values('archive_files'), ['d/b.exe', 'c.txt']);
  assert.deepEqual(values('file_types'), ['zip', 'pdf']);
});
