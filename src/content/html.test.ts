import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readHtml } from './html.ts';

function text(html: string): string {
  return readHtml(html, 100).text;
}

function links(html: string): string[] {
  return readHtml(html, 100).links.map(({ element, target }) => `${element} ${target}`);
}

test('visible text is what a reader sees', () => {
  const table: [html: string, text: string][] = [
    ['', ''],
    ['plain', 'plain'],
    ['  a \n\t b  ', 'a b'],
    ['a<b>b</b>c', 'abc'],
    ['<p>a</p><p>b</p>', 'a\nb'],
    ['a<br>b<BR/>c', 'a\nb\nc'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['<ul><li>a<li>b</ul>c', 'a\nb\nc'],
    // Not shown.
    ['<head><title>t</title><style>s{}</style></head><body>b<script>var a="<p>";</script></body>', 'b'],
    ['<style>a</STYLE >b', 'b'],
    ['<style>a</styles></style>b', 'b'],
    ['<title>a</title', ''],
    ['a<script>b', 'a'],
    ['<iframe src=x>inside</iframe>b', 'b'],
    ['<noscript>a</noscript>', 'a'],
    // Comments and declarations (HTML 13.2.5.42 ff.).
    ['a<!-- b > c -->d', 'ad'],
    ['a<!-->b', 'ab'],
    ['a<!--->b', 'ab'],
    ['a<!-- b --!>c', 'ac'],
    ['a<!-- -- -->b', 'ab'],
    ['a<!-- b', 'a'],
    ['<!DOCTYPE html>a', 'a'],
    ['<?xml version="1.0"?>a', 'a'],
    ['<![CDATA[a]]>b', 'b'],
    ['<!--[if mso]><p>a</p><![endif]-->b', 'b'],
    ['</ a>b', 'b'],
    // Text that looks like markup.
    ['a < b', 'a < b'],
    ['a <3 b', 'a <3 b'],
    ['1<2>1', '1<2>1'],
    // Attributes hide what they hold.
    ['<p title="a>b">c', 'c'],
    ["<p title='a>b'>c", 'c'],
    ['<p title=a>b', 'b'],
    ['<p "a>b', 'b'],
    ['<p title="a', ''],
    ['<p title = "a>" >b', 'b'],
    ['<p =a>b', 'b'],
    ['<p x=y="><b>z', 'z'],
    // Character references.
    ['&lt;p&gt; &amp; &quot;&#65;&#x42;&#X43;', '<p> & "ABC'],
    ['&eacute;&euro;&NotEqualTilde;', 'é€≂̸'],
    ['&copy2026 &amp', '©2026 &'],
    ['a&nbsp;&nbsp;b', 'a  b'],
    ['&#128;&#150;', '€–'],
    ['&#0;&#xD800;&#x110000;&#99999999999;', '\ufffd\ufffd\ufffd\ufffd'],
    ['&', '&'],
    ['& &; &#; &#x; &nonsense; a&b', '& &; &#; &#x; &nonsense; a&b'],
  ];
  for (const [html, expected] of table) assert.equal(text(html), expected, html);
});

test('links are found in the attributes that load or open something', () => {
  const table: [html: string, ...links: string[]][] = [
    ['<a href="http://a.test/?a=1&amp;b=2&copy=3">x</a>', 'a http://a.test/?a=1&b=2&copy=3'],
    ["<A HREF='http://a.test/'>", 'a http://a.test/'],
    ['<a href=http://a.test/>x', 'a http://a.test/'],
    ['<a title="href=no" href = "http://a.test/" >', 'a http://a.test/'],
    ['<a href="http://a.test/"title=x>', 'a http://a.test/'],
    ['<a x="1"href="http://a.test/">', 'a http://a.test/'],
    ['<a/href="http://a.test/">', 'a http://a.test/'],
    ['<a href=>', ...[]],
    ['<a href="http://a.test/', ...[]],
    ['<area href=/a><link href=/b><img src=/c><form action=/d>', 'area /a', 'link /b', 'img /c', 'form /d'],
    ['<body background=/a><td background=/b><iframe src=/c></iframe>', 'body /a', 'td /b', 'iframe /c'],
    [
      '<input src=/a><video src=/b poster=/c><object data=/d>',
      'input /a',
      'video /b',
      'video /c',
      'object /d',
    ],
    ['<script src="/a">"<a href=/b>"</script>', 'script /a'],
    ['<meta http-equiv=refresh content="0; url=http://a.test/">', 'meta http://a.test/'],
    ['<meta http-equiv=refresh content="5;URL=\'http://a.test/\'">', 'meta http://a.test/'],
    ['<meta content="text/html; charset=utf-8">', ...[]],
    ['<!-- <a href=/a> -->', ...[]],
    ['<p href=/a>', ...[]],
    // The quote belongs to the value, so this is one tag with a link after it.
    ['<p x=y="><a href=/a>', 'a /a'],
  ];
  for (const [html, ...expected] of table) assert.deepEqual(links(html), expected, html);
});

test('an anchor keeps the place of its visible text', () => {
  const shown = (html: string): string[] => {
    const view = readHtml(html, 100);
    return view.links.map(({ textStart, textEnd }) => view.text.slice(textStart, textEnd).trim());
  };
  assert.deepEqual(shown('x <a href=/1>one <b>two</b></a> y <a href=/2><img src=/3></a>'), [
    'one two',
    '',
    '',
  ]);
  assert.deepEqual(shown('<a href=/1>one<a href=/2>two'), ['one', 'two']);
  assert.deepEqual(shown('<a name=n>no link</a><a href=/1>one'), ['one']);
});

test('the first base counts', () => {
  assert.equal(
    readHtml('<base href="http://a.test/"><base href="http://b.test/">', 9).base,
    'http://a.test/',
  );
  assert.equal(readHtml(`<base href="http://a.test/${'x'.repeat(3000)}">`, 9).base, undefined);
});

test('no more links are kept than asked for', () => {
  const view = readHtml('<a href=/1><a href=/2><a href=/3>', 2);
  assert.deepEqual([view.links.length, view.isTruncated], [2, true]);
});

test('any mixture of markup is read, and plain text comes through unchanged', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '</',
    '<a href=',
    '"',
    "'",
    '=',
    ' ',
    'x',
    '<!--',
    '-->',
    '&',
    '#',
    ';',
    'nbsp',
    '<script>',
    '</script',
    '<style',
    '/',
    '<!',
    '<?',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const view = readHtml(pieces.join(''), 10);
      for (const { textStart, textEnd } of view.links)
        assert.ok(textStart <= textEnd && textEnd <= view.text.length);
    }),
    { numRuns: 400 },
  );
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[!-%'-;=?-~]{1,8}$/), { maxLength: 20 }), (words) => {
      assert.equal(text(words.join('\n')), words.join(' '));
      const escaped = words.map((word) => [...word].map((char) => `&#${char.charCodeAt(0)};`).join(''));
      assert.equal(text(escaped.join(' ')), words.join(' '));
    }),
  );
});
