import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { makeZip } from '../../test/helpers/archive-files.ts';
import { withAttachments } from '../../test/helpers/attachments.ts';
import type { ContentViews } from '../core/index.ts';
import { parseMessage } from '../mime/index.ts';
import { contentLimits } from './limits.ts';
import { contentViews } from './views.ts';

function views(lines: readonly string[], limits = contentLimits): ContentViews {
  return contentViews(parseMessage(Buffer.from(lines.join('\r\n'))), limits);
}

function html(body: string, subject = ''): ContentViews {
  return views([`Subject: ${subject}`, 'Content-Type: text/html; charset=utf-8', '', body]);
}

function urls(content: ContentViews): string[] {
  return content.urls.map(({ url, from, flags }) => `${from} ${url} ${flags.join(',')}`.trim());
}

test('texts are those of parts that are shown', () => {
  const content = views([
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    'plain text',
    '--b',
    'Content-Type: text/html',
    '',
    '<p>html <b>text</b></p>',
    '--b',
    'Content-Type: text/plain',
    'Content-Disposition: attachment; filename=a.txt',
    '',
    'attached',
    '--b',
    'Content-Type: text/plain; name=b.txt',
    '',
    'named',
    '--b',
    'Content-Type: image/png',
    '',
    'x',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    '',
    'forwarded',
    '--b--',
  ]);
  assert.deepEqual(
    content.texts.map(({ kind, text }) => `${kind} ${text}`),
    ['plain plain text', 'html html text', 'plain named', 'plain forwarded'],
  );
  assert.equal(content.texts, content.texts);
  assert.deepEqual(
    content.attachments.map((part) => part.fileName ?? part.contentType),
    ['a.txt', 'b.txt', 'image/png', 'message/rfc822'],
  );
});

test('links of text, subject and HTML are listed once, with where they come from', () => {
  assert.deepEqual(
    urls(
      views([
        'Subject: visit www.example.com',
        '',
        'http://www.example.com and example.org/x, http://192.0.2.1/ http://u@example.net:81/',
      ]),
    ),
    [
      'subject http://www.example.com schemaless,subject,text',
      'text http://example.org/x schemaless,text',
      'text http://192.0.2.1/ numeric,text',
      'text http://u@example.net:81/ has_user,has_port,text',
    ],
  );
  const content = html(
    '<a href="https://evil.com/x">https://bank.com/</a> <img src="//img.example.com/i.png"> also shop.com ' +
      '<a href="https://click.example.com/?u=https%3A%2F%2Ftarget.com%2Fa">here</a> <a href="#top">top</a>' +
      '<a href="javascript:x()">j</a><img src="cid:1"><img src="data:image/png;base64,AA"><a href="page.html">p</a>',
  );
  assert.deepEqual(urls(content), [
    'html https://evil.com/x url_displayed,phished',
    'html http://img.example.com/i.png image',
    'html https://click.example.com/?u=https%3A%2F%2Ftarget.com%2Fa',
    'html https://target.com/a query',
    'html https://bank.com/ html_displayed',
    'html http://shop.com schemaless,text',
  ]);
  assert.deepEqual(
    content.urls.map((url) => url.visibleText),
    ['https://bank.com/', undefined, 'here', undefined, undefined, undefined],
  );
});

test('relative links follow the base of the page', () => {
  assert.deepEqual(urls(html('<base href="https://example.com/a/"><a href="b">x</a><img src="/c">')), [
    'html https://example.com/a/b',
    'html https://example.com/c image',
  ]);
  assert.deepEqual(urls(html('<base href="nonsense"><a href="b">x</a><a href="www.example.com">y</a>')), [
    'html http://www.example.com schemaless',
  ]);
});

test('addresses come from text and mailto links, each once', () => {
  const content = html(
    '<a href="mailto:Ann@Example.org?cc=bob%40example.org&subject=x">write</a> to ann@example.com or Ann@example.org' +
      '<a href="MAILTO:a@x.test,b@x.test">both</a><a href="mailto:nobody">none</a>',
  );
  assert.deepEqual(
    content.emails.map(({ text }) => text),
    ['Ann@example.org', 'bob@example.org', 'a@x.test', 'b@x.test', 'ann@example.com'],
  );
  assert.deepEqual(content.emails[0], { text: 'Ann@example.org', local: 'Ann', domain: 'example.org' });
  assert.deepEqual(content.urls, []);
});

test('links of a calendar are content', () => {
  assert.deepEqual(urls(views(['Content-Type: text/calendar', '', 'URL:https://example.com/meet'])), [
    'text https://example.com/meet content',
  ]);
});

test('links in names inside archives are content, names that only look like hosts are not', () => {
  const file = makeZip([
    { name: 'open http://example.com/pay.txt' },
    { name: 'www.example.org.url' },
    { name: 'readme.md' },
  ]);
  const content = contentViews(parseMessage(withAttachments([{ name: 'a.zip', content: file }])));
  assert.deepEqual(
    content.urls.map(({ url, flags }) => `${url} ${flags.includes('content')}`),
    ['http://example.com/pay.txt true', 'http://www.example.org.url true'],
  );
});

test('links within links are followed to a depth', () => {
  const nest = (depth: number): string =>
    depth === 0 ? 'https://end.com/' : `https://r${depth}.com/?u=${encodeURIComponent(nest(depth - 1))}`;
  const found = views(['A: b', '', nest(6)]).urls.map(({ host }) => host);
  assert.deepEqual(found, ['r6.com', 'r5.com', 'r4.com', 'r3.com']);
});

test('limits cut the views and are told', () => {
  const many = views(['A: b', '', 'a.com b.com c.com x@a.com y@a.com'], {
    ...contentLimits,
    urls: 2,
    emails: 1,
  });
  assert.deepEqual([many.urls.length, many.emails.length], [2, 1]);
  assert.deepEqual(
    many.defects.map(({ kind }) => kind),
    ['too-many-urls', 'too-many-emails'],
  );
  const long = views(['A: b', '', `http://a.com/${'x'.repeat(50)}`], { ...contentLimits, urlChars: 20 });
  assert.equal(long.urls[0]?.url, 'http://a.com/xxxxxxx');
  const target = contentViews(
    parseMessage(Buffer.from(`Content-Type: text/html\n\n<a href="http://a.com/${'x'.repeat(50)}">`)),
    { ...contentLimits, urlChars: 20 },
  );
  assert.deepEqual(target.urls[0]?.flags, ['truncated']);
  assert.deepEqual(
    target.defects.map(({ kind }) => kind),
    ['url-too-long'],
  );
  const text = views(
    ['Content-Type: multipart/mixed; boundary=b', '', '--b', '', '12345', '--b', '', '67890', '--b--'],
    {
      ...contentLimits,
      textChars: 8,
    },
  );
  assert.deepEqual(
    text.texts.map((view) => view.text),
    ['12345', '678'],
  );
  assert.deepEqual(
    text.defects.map(({ kind }) => kind),
    ['text-too-long'],
  );
});

test('an empty message has empty views', () => {
  const content = contentViews(parseMessage(Buffer.alloc(0)));
  assert.deepEqual([content.urls, content.emails, content.attachments, content.defects], [[], [], [], []]);
  assert.deepEqual(
    content.texts.map(({ text }) => text),
    [''],
  );
});

// The sizes are such that a step which is quadratic in any of them would keep this test busy for minutes.
test('hostile pages are read within the limits', () => {
  const size = 60_000;
  const pieces = [
    '<',
    '<a ',
    '<a href="',
    '<a href=x>',
    '</',
    '<!--',
    '<!',
    '&',
    '&#',
    '&amp',
    '<script>',
    '</script',
    '<a href=http://a.com/?http://>',
    '<p x=',
    '"',
    '=',
    '<a href="mailto:a@b.com">',
    '<base href=http://a.com/>',
    '-',
    '<title>',
    '\u00a0',
  ];
  for (const piece of pieces) {
    const content = html(piece.repeat(size));
    assert.ok(content.urls.length <= contentLimits.urls, piece);
    assert.ok(content.texts.length === 1, piece);
  }
});

const sharedMail = new URL('../../../shared/data/content/content-dev/', import.meta.url);
if (!existsSync(new URL('index.jsonl.br', sharedMail))) {
  process.stderr.write('left out: mail of shared/data/content/content-dev (not there)\n');
} else {
  test('every view of real mail can be made, and links have hosts', () => {
    const load = (file: string): Buffer => brotliDecompressSync(readFileSync(new URL(file, sharedMail)));
    const shards = new Map<number, Buffer>();
    let count = 0;
    let withLinks = 0;
    for (const line of load('index.jsonl.br').toString().trim().split('\n')) {
      const { ptr } = JSON.parse(line) as { ptr: [shard: number, offset: number, length: number] };
      const [number, offset, length] = ptr;
      let shard = shards.get(number);
      if (!shard) {
        shard = load(`store/m${String(number).padStart(3, '0')}.br`);
        shards.set(number, shard);
      }
      const content = contentViews(parseMessage(shard.subarray(offset, offset + length)));
      count++;
      if (content.urls.length > 0) withLinks++;
      for (const { host, domain } of content.urls) assert.ok(host !== '' && domain !== '');
      for (const { local, domain } of content.emails) assert.ok(local !== '' && domain !== '');
      assert.deepEqual(content.defects, []);
    }
    assert.ok(count > 1_000);
    assert.ok(withLinks / count > 0.8);
  });
}

const linkTexts = [
  {
    type: 'text/plain',
    body: 'see http://a.example/x and www.b.example',
    urls: ['http://a.example/x', 'www.b.example'],
  },
  {
    type: 'text/plain',
    body: 'http://a.example http://a.example',
    urls: ['http://a.example', 'http://a.example'],
  },
  { type: 'text/plain', body: 'write to joe@a.example', urls: [] },
  {
    type: 'text/html',
    body: '<a href="http://a.example/long/path">here</a> or http://b.example',
    urls: ['http://b.example'],
  },
  { type: 'text/html', body: '<a href="http://a.example">http://a.example</a>', urls: ['http://a.example'] },
] as const;
for (const { type, body, urls } of linkTexts) {
  test(`${urls.join('').length} characters of ${type} "${body}" are links`, () => {
    const message = parseMessage(Buffer.from(`Content-Type: ${type}\r\n\r\n${body}\r\n`));
    const content = contentViews(message);
    assert.equal(content.urlChars(content.texts[0]!), urls.join('').length);
  });
}

test('a link that a check adds joins the others, once, and its source is marked', () => {
  const content = views(['Subject: x', '', 'http://short.test.com/1 http://page.test.net/']);
  const before = content.urls;
  const [source] = before;
  const added = content.addUrl(' https://Target.test.org/a?u=http://nested.test.de/path ', {
    from: 'text',
    redirectedFrom: source,
  });
  assert.equal(added?.url, 'https://target.test.org/a?u=http://nested.test.de/path');
  assert.equal(before.length, 2);
  assert.deepEqual(urls(content), [
    'text http://short.test.com/1 text,redirected',
    'text http://page.test.net/ text',
    'text https://target.test.org/a?u=http://nested.test.de/path',
    'text http://nested.test.de/path query',
  ]);
  assert.equal(content.addUrl('http://page.test.net/', { from: 'html' })?.from, 'text');
  assert.equal(content.addUrl('mailto:a@example.com', { from: 'html' }), undefined);
  assert.equal(content.urls.length, 4);
});

test('links that checks add are bounded with the others', () => {
  const content = views(['Subject: x', '', 'http://a.example/'], { ...contentLimits, urls: 2 });
  assert.ok(content.addUrl('http://b.example/', { from: 'text' }));
  assert.equal(content.addUrl('http://c.example/', { from: 'text' }), undefined);
  assert.equal(content.addUrl('http://d.example/', { from: 'text' }), undefined);
  assert.equal(content.urls.length, 2);
  assert.deepEqual(
    content.defects.map(({ kind }) => kind),
    ['too-many-urls'],
  );
});

test('a link that shows a link of somebody else says which', () => {
  const shown = (body: string): (string | undefined)[] =>
    html(body)
      .urls.filter((url) => !url.flags.includes('html_displayed'))
      .map((url) => url.displayed?.domain);
  assert.deepEqual(shown('<a href="http://evil.com/">https://www.bank.co.uk/login now</a>'), ['bank.co.uk']);
  assert.deepEqual(shown('<a href="http://x.bank.com/">www.bank.com</a>'), [undefined]);
  assert.deepEqual(shown('<a href="http://evil.com/">readme.nosuchsuffix</a>'), [undefined]);
  assert.deepEqual(shown('<a href="http://evil.com/">our bank</a>'), [undefined]);
  assert.deepEqual(shown('<a href="http://evil.com/">here</a><a href="http://evil.com/">bank.com</a>'), [
    'bank.com',
  ]);
});

test('links within the path of a link are found, too', () => {
  assert.deepEqual(urls(html('<a href="https://r.com/to/https%3A%2F%2Fa.com/x">x</a>')), [
    'html https://r.com/to/https%3A%2F%2Fa.com/x',
    'html https://a.com/x query',
  ]);
  assert.deepEqual(urls(html('<a href="https://r.com/https:/a.com/">x</a>')), [
    'html https://r.com/https:/a.com/',
    'html https://a.com/ missing_slashes,query',
  ]);
});

test('a zero-width character after a link is not part of it', () => {
  assert.deepEqual(
    urls(views(['Content-Type: text/plain; charset=utf-8', '', 'https://a.com/x\u200b\u200b end'])),
    ['text https://a.com/x text'],
  );
});

test('a link knows where a check found that it leads', () => {
  const content = html('<a href="https://r.com/1">x</a>');
  const [first] = content.urls;
  const target = content.addUrl('https://t.com/', { from: 'html', redirectedFrom: first });
  assert.equal(content.urls[0]?.redirectsTo, target);
});
