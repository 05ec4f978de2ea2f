import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HtmlStructure } from '../core/index.ts';
import { readHtmlStructure } from './html-structure.ts';
import { contentLimits } from './limits.ts';

const read = (html: string): HtmlStructure => readHtmlStructure(html, contentLimits);

test('text that readers do not see is told from the rest, with the reason', () => {
  const table: readonly (readonly [
    string,
    string,
    'hidden' | 'tiny' | 'sameColour' | 'offScreen' | undefined,
  ])[] = [
    ['<p>x</p>', 'x', undefined],
    ['<p style="display:none">x</p>', '', 'hidden'],
    ['<p style="DISPLAY : None !important ;">x</p>', '', 'hidden'],
    ['<div style="display:none"><p style="display:block">x</p></div>', '', 'hidden'],
    ['<p style="visibility:hidden">x</p>', '', 'hidden'],
    ['<p style="visibility:hidden"><b style="visibility:visible">x</b></p>', 'x', undefined],
    ['<p style="opacity:0">x</p>', '', 'hidden'],
    ['<p style="opacity:.9">x</p>', 'x', undefined],
    ['<p hidden>x</p>', '', 'hidden'],
    ['<div style="max-height:0;overflow:hidden">x</div>', '', 'hidden'],
    ['<div style="max-height:0">x</div>', 'x', undefined],
    ['<p style="font-size:0">x</p>', '', 'tiny'],
    ['<p style="font-size:1px">x</p>', '', 'tiny'],
    ['<p style="font:0/0 a">x</p>', '', 'tiny'],
    ['<p style="font:bold 12px/1.5 Arial">x</p>', 'x', undefined],
    ['<p style="font:400 14px Arial">x</p>', 'x', undefined],
    ['<p style="font-size:0"><b style="font-size:14px">x</b></p>', 'x', undefined],
    ['<p style="font-size:10%"><b style="font-size:10%">x</b></p>', '', 'tiny'],
    ['<p style="color:#fff">x</p>', '', 'sameColour'],
    ['<p style="color:rgb(250, 250, 250)">x</p>', '', 'sameColour'],
    ['<p style="color:rgba(0,0,0,0)">x</p>', '', 'sameColour'],
    ['<p style="color:transparent">x</p>', '', 'sameColour'],
    ['<font color=white>x</font>', '', 'sameColour'],
    ['<table bgcolor="#000000"><tr><td><font color="#FFFFFF">x</font></td></tr></table>', 'x', undefined],
    ['<table bgcolor=navy><tr><td style="color:#000080">x</td></tr></table>', '', 'sameColour'],
    ['<body bgcolor=black>x</body>', '', 'sameColour'],
    ['<body bgcolor=black text=white>x</body>', 'x', undefined],
    ['<td style="background:url(x.png);color:#fff">x</td>', 'x', undefined],
    ['<td background="x.png"><font color=white>x</font></td>', 'x', undefined],
    [
      '<div style="background:#fff linear-gradient(red,blue)"><b style="color:#fff">x</b></div>',
      'x',
      undefined,
    ],
    ['<a href="x" style="background:#0000ee">x</a>', '', 'sameColour'],
    ['<p style="text-indent:-9999px">x</p>', '', 'offScreen'],
    ['<p style="position:absolute;left:-5000px">x</p>', '', 'offScreen'],
    ['<p style="position:static;left:-5000px">x</p>', 'x', undefined],
    ['<p style="margin-left:-20px">x</p>', 'x', undefined],
    // Style sheets of the message.
    ['<style>.h{display:none}</style><p class="a h">x</p>', '', 'hidden'],
    ['<style>#h,p.z{display:none}</style><p id=h>x</p>', '', 'hidden'],
    ['<style>p.z{display:none}</style><b class=z>x</b>', 'x', undefined],
    ['<style>/* .a{} */ <!-- p{color:#fff} --></style><p>x</p>', '', 'sameColour'],
    ['<style>p{display:none}</style><p style="display:block">x</p>', 'x', undefined],
    ['<style>@media print{p{display:none}}</style><p>x</p>', 'x', undefined],
    ['<style>div > p{display:none}</style><p>x</p>', 'x', undefined],
    ['<style>.a .b{background:#000}</style><p style="color:#fff">x</p>', 'x', undefined],
    ['<style>@import url(x); .h{display:none}</style><p class=h>x</p>', '', 'hidden'],
    ['<style>p{}p{display:none</style><p>x</p>', '', 'hidden'],
  ];
  for (const [html, visible, reason] of table) {
    const { visibleText, characters, concealedText } = read(html);
    assert.equal(visibleText, visible, html);
    assert.deepEqual(
      characters,
      { total: 1, hidden: 0, tiny: 0, sameColour: 0, offScreen: 0, ...(reason && { [reason]: 1 }) },
      html,
    );
    assert.equal(concealedText, reason ? 'x' : '', html);
  }
});

test('elements that hide text are counted, empty ones are not', () => {
  const { invisibleElements, zeroFontElements } = read(
    '<p style="display:none">a <b>b</b></p><i style="color:white"> &nbsp; </i><i style="color:white">c</i>' +
      '<u style="font-size:0">d</u><u style="font-size:0"><img src=x></u>',
  );
  assert.deepEqual([invisibleElements, zeroFontElements], [3, 1]);
});

test('anchors, images, forms and what is loaded are listed', () => {
  const structure = read(
    '<base href=x><link rel=stylesheet href=" https://a.com/x "><link href="y.css?v=1"><link rel=icon href=i>' +
      '<META HTTP-EQUIV="Refresh" CONTENT="0; URL=\'https://r.com/\'">' +
      '<a href="https://a.com/?a&amp;b">one <b>two</b><img src="cid:1" width=100 height="50px"></a><a name=n>no</a>' +
      '<img src="https://a.com/i.png" style="width:300px"><img src="data:image/png;base64,AAAA" width=10%>' +
      '<form action="https://f.com/"><input name=u><INPUT TYPE=Password><input type=hidden><input type=submit>' +
      '<select></select><textarea></textarea></form><input type=password>' +
      '<a href="data:text/html;base64,AAAA">d</a>',
  );
  assert.deepEqual(structure.anchors, [
    { target: 'https://a.com/?a&b', text: 'one two', hasImage: true },
    { target: 'data:text/html;base64,AAAA', text: 'd', hasImage: false },
  ]);
  assert.deepEqual(structure.images, [
    { source: 'embedded', contentId: '1', width: 100, height: 50, isLinked: true },
    { source: 'external', contentId: undefined, width: 300, height: undefined, isLinked: false },
    { source: 'embedded', contentId: undefined, width: undefined, height: undefined, isLinked: false },
  ]);
  assert.deepEqual(structure.forms, [
    { action: 'https://f.com/', fields: 4, passwords: 1 },
    { action: '', fields: 1, passwords: 1 },
  ]);
  assert.deepEqual(structure.styleSheets, ['https://a.com/x', 'y.css?v=1']);
  assert.equal(structure.refresh, 'https://r.com/');
  assert.deepEqual(structure.dataTypes, ['image/png;base64', 'text/html;base64']);
});

test('tags without their other half are counted, those that may go without are not', () => {
  const table: readonly (readonly [string, number])[] = [
    ['<div><p>a<p>b<ul><li>a<li>b</ul></div>', 0],
    ['<table><tr><td>a<td>b<tr><td>c</table>', 0],
    ['<html><body>x<br><img src=x>', 0],
    ['<div><b>x</div>', 1],
    ['<div>', 1],
    ['x</div></b>', 2],
  ];
  for (const [html, count] of table) assert.equal(read(html).unbalancedTags, count, html);
});

test('words of different blocks stay apart', () => {
  assert.equal(read('<p>a</p><p>b<b>c</b> d</p>e<br>f&nbsp;g').visibleText, 'a bc d e f g');
});

test('hostile HTML is cut at its bounds', () => {
  const huge: readonly (readonly [string, string, boolean])[] = [
    ['a million tags', '<b>x</b>'.repeat(1_000_000), true],
    ['nesting without end', `${'<div>'.repeat(99_000)}x`, true],
    ['a million links', '<a href=http://a.com/>x</a>'.repeat(1_000_000), true],
    ['a huge style sheet', `<style>${'.a{color:red}'.repeat(100_000)}</style>x`, true],
    ['a huge attribute', `<p style="${'color:red;'.repeat(500_000)}">x`, false],
    ['a comment in a style sheet without end', `<style>${'/*'.repeat(100_000)}</style>x`, false],
    ['a line without end', 'x'.repeat(4_000_000), false],
    ['end tags only', '</b>'.repeat(1_000_000), false],
    ['many blocks of text', '<p>some words '.repeat(90_000), false],
    ['braces', `<style>${'@a{'.repeat(80_000)}</style>x`, false],
    ['parentheses', `<p style="background:${'('.repeat(8_000)}">x`, false],
  ];
  for (const [name, html, isCut] of huge) {
    const structure = read(html);
    assert.equal(structure.isCut, isCut, name);
    assert.ok(structure.elements <= contentLimits.htmlElements + 1, name);
    assert.ok(structure.anchors.length <= contentLimits.urls, name);
    assert.ok(structure.concealedText.length <= 65_536, name);
  }
});

test('any mixture of markup and styles is read', () => {
  const piece = fc.constantFrom(
    '<div ',
    '>',
    '</div>',
    'style="',
    '"',
    'display:none',
    ';',
    'color:',
    '#fff',
    'rgb(1,2',
    'font-size:0',
    '<style>',
    '</style>',
    '.a{',
    '}',
    '@media{',
    'class=a ',
    '<a href=x>',
    '<img width=1e9 ',
    '<td>',
    '&amp',
    'x',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const { characters, visibleText } = read(pieces.join(''));
      const concealed = characters.hidden + characters.tiny + characters.sameColour + characters.offScreen;
      assert.ok(concealed <= characters.total);
      assert.equal(characters.total === concealed, visibleText === '');
    }),
    { numRuns: 500 },
  );
});

test('scripts and what runs them are listed', () => {
  const structure = read(
    '<script src="https://a.com/x.js"></script><body ONLOAD="go()"><script>\n go("</b>") </script>' +
      '<a href=" javascript:go()">x</a><p only="x">',
  );
  assert.deepEqual(structure.scripts, ['', 'go("</b>")']);
  assert.equal(structure.scriptAttributes, 3);
});

test('pictures in their URL have the size of their header', () => {
  const gif = Buffer.from('GIF89a\x10\x00\x20\x00\x00\x00\x00;', 'latin1').toString('base64');
  const structure = read(
    `<img src="data:image/gif;base64,${gif}"><img width=5 src="data:image/gif;base64,${gif}"><img src="data:image/png;base64,AAAA">`,
  );
  assert.deepEqual(
    structure.images.map(({ width, height }) => [width, height]),
    [
      [16, 32],
      [5, 32],
      [undefined, undefined],
    ],
  );
});
