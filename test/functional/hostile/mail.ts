import { deflateRawSync, gzipSync } from 'node:zlib';

/** A message that is made to hurt whoever reads it. */
export interface HostileMail {
  readonly name: string;
  make(): Buffer;
}

const top =
  'From: Alice <alice@example.com>\r\nTo: bob@example.net\r\nSubject: Greetings\r\nMIME-Version: 1.0\r\n';
const date = 'Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nMessage-ID: <greetings@example.com>\r\n';

/** A text repeated up to a size. */
function fill(pattern: string | Buffer, size: number): Buffer {
  return Buffer.alloc(size, typeof pattern === 'string' ? Buffer.from(pattern) : pattern);
}

function numbered(count: number, write: (index: number) => string): Buffer {
  const lines = new Array<string>(count);
  for (let index = 0; index < count; index++) lines[index] = write(index);
  return Buffer.from(lines.join(''));
}

/** The same bytes each time, as noise. */
function noise(size: number, alphabet?: string): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = 0x9e3779b9;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const byte = state >>> 24;
    bytes[index] = alphabet === undefined ? byte : alphabet.charCodeAt(byte % alphabet.length);
  }
  return bytes;
}

function mail(head: string, ...body: readonly (string | Buffer)[]): Buffer {
  const pieces = [`${top}${date}${head}\r\n`, ...body];
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

const plain = (body: Buffer, charset = 'utf-8'): Buffer =>
  mail(`Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: 8bit\r\n`, body);
const html = (...body: readonly (string | Buffer)[]): Buffer =>
  mail('Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n', ...body);
const field = (name: string, value: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('From: Alice <alice@example.com>\r\n'),
    Buffer.from(`${name}: `),
    value,
    Buffer.from('\r\nContent-Type: text/plain\r\n\r\nHello\r\n'),
  ]);
const attached = (type: string, name: string, content: Buffer): Buffer =>
  mail(
    `Content-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n`,
    content.toString('base64').replace(/.{76}/g, '$&\r\n'),
  );

function nested(depth: number, type: string, isClosed: boolean): Buffer {
  const open = numbered(
    depth,
    (index) => `Content-Type: multipart/${type}; boundary="b${index}"\r\n\r\n--b${index}\r\n`,
  );
  const close = isClosed ? numbered(depth, (index) => `--b${depth - 1 - index}--\r\n`) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from(top), open, Buffer.from('\r\nHello\r\n'), close]);
}

function parts(count: number, head: (index: number) => string, body: string): Buffer {
  return mail(
    'Content-Type: multipart/mixed; boundary=b\r\n',
    numbered(count, (index) => `--b\r\n${head(index)}\r\n${body}\r\n`),
    '--b--\r\n',
  );
}

/** A zip archive with empty members, written as APPNOTE.TXT 4.3 says. */
function zipOf(count: number): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const name = Buffer.from(`${index}.exe`);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, name);
    centrals.push(central, name);
    offset += 30 + name.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** A zip archive whose one member is a gigabyte of zeros, as its directory says, or more. */
function zipBomb(size: number): Buffer {
  const content = deflateRawSync(Buffer.alloc(size));
  const name = Buffer.from('word/document.xml');
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(size, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(content.length, 20);
  central.writeUInt32LE(size, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + content.length, 16);
  return Buffer.concat([local, name, content, central, name, end]);
}

function pngOf(width: number, height: number, rest: Buffer): Buffer {
  const head = Buffer.alloc(33);
  Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').copy(head);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return Buffer.concat([head, rest]);
}

const floods: Readonly<Record<string, string>> = {
  'a character': 'a',
  words: 'word ',
  blanks: ' ',
  tabs: '\t',
  'line breaks': '\r\n',
  'bare line feeds': '\n',
  'bare carriage returns': '\r',
  NULs: '\0',
  'bytes 0xFF': '\xff',
  'quoted lines': '> a\r\n',
  'marks of signatures': '-- \r\n',
  attributions: 'On Monday Alice wrote:\r\n',
  'forward marks': '----- Original Message -----\r\n',
  digits: '0123456789',
  punctuation: '.,;:!?',
  'at signs': '@',
  'letters and at signs': 'a@',
  'letters and dots': 'a.',
  schemes: 'http://',
  'hosts in a row': 'www.example.com.',
  'hosts apart': 'example.com ',
  addresses: 'a@example.com ',
  'hidden links': 'hxxp://example[.]com ',
  brackets: '([{<',
  'closing brackets': ')]}>',
  dollars: '$1,000,000 ',
  'Bitcoin addresses': '1BoatSLRHtKNngkdXEeobR76b53LETtpyT ',
  'telephone numbers': '+1 (555) 555-5555 ',
  minus: '-',
  equals: '=',
  slashes: '/',
  percents: '%41',
  'uuencoded lines': 'begin 644 a.exe\r\nM86)C\r\nend\r\n',
  'PGP marks': '-----BEGIN PGP MESSAGE-----\r\n',
};

const unicodeFloods: Readonly<Record<string, string>> = {
  'zero-width blanks': '\u200b',
  'letters with zero-width blanks': 'p\u200ba\u200by ',
  'combining marks': '\u0301',
  'combining marks of several classes': '\u0301\u0323\u0327',
  'Chinese without blanks': '今日は良い天気です',
  'Thai without blanks': 'สวัสดีครับยินดีต้อนรับ',
  'Cyrillic look-alikes': 'раyраl ',
  'full width': 'ｐａｙｐａｌ ',
  'ligatures that grow': '\ufdfa',
  emoji: '👩‍👩‍👧‍👦',
  overrides: '\u202e',
  'mathematical letters': '𝐩𝐚𝐲𝐩𝐚𝐥 ',
  'dotted capital I': 'İ',
};

const htmlFloods: Readonly<Record<string, string>> = {
  'opening brackets': '<',
  'opened comments': '<!--',
  'opened declarations': '<!',
  'processing instructions': '<?',
  'end tags': '</a>',
  'opened end tags': '</',
  'nested div': '<div>',
  'nested b': '<b>',
  'nested tables': '<table><tr><td>',
  'nested anchors': '<a href="http://example.com/">',
  'nested fonts with styles': '<font style="font-size:0;color:#fff;background:#fff">a',
  'nested unknown': '<x>a',
  scripts: '<script>',
  styles: '<style>',
  titles: '<title>',
  textareas: '<textarea>',
  'plain texts': '<plaintext>',
  'opened quotes': '<a href="',
  'tags that do not end': '<a ',
  'attributes that do not end': "<a b='",
  entities: '&amp;',
  'numeric entities': '&#x41;',
  ampersands: '&',
  'endless entities': '&#1111111111',
  images: '<img src="http://example.com/a.png" width=1 height=1>',
  'data images': '<img src="data:image/png;base64,AAAA">',
  forms: '<form action="http://example.com/"><input type=password></form>',
  links: '<a href="http://www.example.com/">http://www.example.org/</a>',
  refreshes: '<meta http-equiv=refresh content="0;url=http://example.com/">',
  bases: '<base href="http://example.com/">',
  'hidden spans': '<span style="display:none">a</span>',
  'conditional comments': '<!--[if mso]><p>a<![endif]-->',
  lines: '<br>',
  paragraphs: '<p>word</p>\n',
  'opened sections': '<![CDATA[',
};

const cssFloods: Readonly<Record<string, string>> = {
  rules: 'a{color:red}',
  'rules of classes': '.a{color:red}.b{font-size:0}',
  'opening braces': '{',
  'closing braces': '}',
  commas: 'a,',
  'opened comments': '/*',
  'nested media': '@media print{',
  quotes: '"',
  escapes: '\\',
  declarations: 'a{color:red;color:blue;',
};

const addressFloods: Readonly<Record<string, string>> = {
  mailboxes: 'a@example.net, ',
  'named mailboxes': '"Bob" <b@example.net>, ',
  commas: ',',
  'opened comments': '(',
  'opened angles': '<',
  quotes: '"',
  backslashes: '\\',
  groups: 'a:',
  'at signs': '@',
  routes: '<@a,@b:c@d>',
  letters: 'a',
  blanks: ' ',
  'folded lines': '\r\n a',
  'encoded words': '=?utf-8?q?a?= ',
};

const encodedFloods: Readonly<Record<string, string>> = {
  words: '=?utf-8?q?a?= ',
  'words in base64': '=?utf-8?b?YQ==?= ',
  'words of several charsets': '=?iso-2022-jp?q?a?= =?gb18030?q?a?= =?utf-7?q?a?= ',
  starts: '=?',
  'words that do not end': '=?utf-8?b?',
  'question marks': '?',
  'unknown charsets': '=?x-none?q?a?= ',
};

const fieldFloods: readonly (readonly [name: string, pattern: string])[] = [
  ['Received', 'from a.example (b.example [192.0.2.1]) by c.example '],
  ['Received', '('],
  ['Message-ID', '<'],
  ['Message-ID', 'a@'],
  ['References', '<a@example.com> '],
  ['Date', 'Sun, '],
  ['Date', '('],
  ['DKIM-Signature', 'a=b;'],
  ['DKIM-Signature', 'h=from:from:from:from;'],
  ['DKIM-Signature', 'v=1; a=rsa-sha256; d=example.com; s=a; bh=a; b=a; h=from:'],
  ['ARC-Seal', 'i=1; a=rsa-sha256; '],
  ['Authentication-Results', 'a; spf=pass '],
  ['List-Unsubscribe', '<https://example.com/>, '],
  ['List-Unsubscribe', '<'],
  ['Return-Path', '<'],
  ['Content-Type', 'a=b;'],
  ['Content-Type', 'text/plain; '],
  ['Content-Type', '"'],
  ['Content-Disposition', '; filename=a'],
  ['Content-Transfer-Encoding', 'base64 '],
  ['X-Mailer', 'a'],
  ['X-Spam-Status', 'Yes, '],
  ['User-Agent', 'a/'],
  ['Subject', 'Re: '],
  ['Subject', '$'],
  ['Subject', 'FREE !!! '],
  ['MIME-Version', '1.0 ('],
];

const charsets = [
  'utf-8',
  'utf-7',
  'utf-16',
  'utf-16be',
  'utf-32',
  'us-ascii',
  'iso-8859-1',
  'windows-1251',
  'koi8-r',
  'iso-2022-jp',
  'iso-2022-kr',
  'iso-2022-cn',
  'shift_jis',
  'euc-jp',
  'euc-kr',
  'gb2312',
  'gb18030',
  'hz-gb-2312',
  'big5',
  'big5-hkscs',
  'tis-620',
  'macintosh',
  'x-user-defined',
  'unknown-8bit',
  'utf-8\\0',
  '"',
  'a'.repeat(1000),
];

/**
 * Messages that are made to hurt: too long, too deep, too many, broken and cut short in every way we could think of.
 *
 * @param size bytes of each, about
 */
export function hostileMails(size: number): readonly HostileMail[] {
  const list: HostileMail[] = [];
  const add = (name: string, make: () => Buffer): void => {
    list.push({ name, make });
  };
  const each = (
    table: Readonly<Record<string, string>>,
    what: string,
    make: (pattern: string) => Buffer,
  ): void => {
    for (const [name, pattern] of Object.entries(table)) add(`${what} of ${name}`, () => make(pattern));
  };
  /** Things of which there are as many as fit, up to a million. */
  const many = (bytes: number): number => Math.min(1_000_000, Math.floor(size / bytes));

  each(floods, 'text', (pattern) => plain(fill(Buffer.from(pattern, 'latin1'), size)));
  each(unicodeFloods, 'text', (pattern) => plain(fill(pattern, size)));
  each(unicodeFloods, 'subject', (pattern) => field('Subject', fill(pattern, Math.min(size, 1_000_000))));
  add('text of noise', () => plain(noise(size)));
  add('text of different words', () => plain(numbered(many(8), (i) => `${i.toString(36)}x `)));
  add('text of different links', () => plain(numbered(many(26), (i) => `http://h${i}.example/${i} `)));
  add('text of different hosts', () => plain(numbered(many(14), (i) => `h${i}.com `)));
  add('text of different addresses', () => plain(numbered(many(18), (i) => `a${i}@h${i}.com `)));
  add('a link of one line', () =>
    plain(Buffer.concat([Buffer.from('http://example.com/'), fill('a', size)])),
  );
  add('a link of links', () => plain(fill('http://example.com/?u=', size)));
  add('a word of one line', () => plain(noise(size, 'abcdefghijklmnopqrstuvwxyz')));
  add('random letters', () => plain(noise(size, 'abcdefghijklm nopqrstuvwxyz.,\n')));
  each(htmlFloods, 'HTML', (pattern) => html(fill(pattern, size)));
  each(cssFloods, 'style sheet', (pattern) => html('<style>', fill(pattern, size), '</style><p class=a>x'));
  each(cssFloods, 'style attribute', (pattern) =>
    html('<p style="', fill(pattern.replaceAll('"', "'"), size), '">x</p>'),
  );
  add('HTML with an attribute of one line', () => html('<a href="', fill('a', size), '">x</a>'));
  add('HTML with a million attributes', () =>
    html(
      '<a ',
      numbered(many(9), (i) => `a${i}=1 `),
      '>x</a>',
    ),
  );
  add('HTML with a million names', () => html(numbered(many(9), (i) => `<x${i}>`)));
  add('HTML with different links', () =>
    html(numbered(many(48), (i) => `<a href="http://h${i}.example/">http://g${i}.example</a>`)),
  );
  add('HTML with many styles and elements', () =>
    html(
      '<style>',
      numbered(many(60), (i) => `.c${i}{color:#${(i % 4096).toString(16)}}`),
      '</style>',
      numbered(many(60), (i) => `<p class="c${i} c${i + 1}">word</p>`),
    ),
  );
  add('HTML with many classes', () =>
    html(
      '<style>',
      numbered(2000, (i) => `.c${i}{color:red}`),
      '</style>',
      fill(`<p class="${Array.from({ length: 100 }, (_, i) => `c${i}`).join(' ')}">a`, size),
    ),
  );
  add('base64 text of one line', () =>
    mail(
      'Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n',
      noise(size, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
    ),
  );
  for (const pattern of ['=', '!', '=A', 'AAA=', '\r\n'])
    add(`base64 text of ${JSON.stringify(pattern)}`, () =>
      mail('Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n', fill(pattern, size)),
    );
  for (const pattern of ['=', '=41', '=\r\n', '=4', ' \r\n', '=C3=A4 '])
    add(`quoted-printable of ${JSON.stringify(pattern)}`, () =>
      mail(
        'Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n',
        fill(pattern, size),
      ),
    );
  add('uuencoded text', () =>
    mail(
      'Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n',
      fill('begin 644 a\r\nM', size),
    ),
  );
  for (const charset of charsets)
    add(`charset ${charset.slice(0, 20)} of noise`, () => plain(noise(size), charset));
  add('charset utf-7 of shifts', () => plain(fill('+AGE-', size), 'utf-7'));
  add('charset iso-2022-jp of escapes', () => plain(fill('\x1b$B\x1b(B', size), 'iso-2022-jp'));
  add('charset hz of escapes', () => plain(fill('~{~}', size), 'hz-gb-2312'));

  each(encodedFloods, 'subject', (pattern) => field('Subject', fill(pattern, size)));
  each(encodedFloods, 'author', (pattern) => field('X-From', fill(pattern, size)));
  each(addressFloods, 'To', (pattern) => field('To', fill(pattern, size)));
  each(addressFloods, 'a million addresses: From', (pattern) => field('From', fill(pattern, size)));
  for (const [name, pattern] of fieldFloods)
    add(`${name} of ${pattern}`, () => field(name, fill(pattern, size)));
  for (const [name, pattern] of fieldFloods)
    add(`many ${name} of ${pattern.slice(0, 10)}`, () => {
      const value = pattern.repeat(Math.ceil(200 / pattern.length));
      return Buffer.concat([
        numbered(Math.min(100_000, Math.floor(size / 220)), () => `${name}: ${value}\r\n`),
        Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n'),
      ]);
    });
  add('100,000 headers', () =>
    Buffer.concat([numbered(100_000, (i) => `X-${i}: ${i}\r\n`), Buffer.from('\r\nHello\r\n')]),
  );
  add('100,000 ARC sets', () =>
    Buffer.concat([
      numbered(Math.min(30_000, many(150)), (i) =>
        [
          `ARC-Seal: i=${i}; a=rsa-sha256; d=example.com; s=a; cv=pass; b=aaaa\r\n`,
          `ARC-Message-Signature: i=${i}; a=rsa-sha256; d=example.com; s=a; h=from; bh=aa; b=aaaa\r\n`,
          `ARC-Authentication-Results: i=${i}; example.com; spf=pass\r\n`,
        ].join(''),
      ),
      Buffer.from('\r\nHello\r\n'),
    ]),
  );
  add('folding of one field', () => field('X-Folded', fill('a\r\n ', size)));
  add('lines that are no header', () => Buffer.concat([fill('nothing\r\n', size)]));
  add('a header without end', () => Buffer.concat([Buffer.from('X-A: '), fill('a', size)]));
  add('colons', () => fill(':', size));
  add('empty names', () => fill(':a\r\n', size));
  add('noise', () => noise(size));
  add('NULs', () => Buffer.alloc(size));
  add('nothing', () => Buffer.alloc(0));
  add('parameters', () =>
    mail(
      `Content-Type: text/plain; ${Array.from({ length: 100_000 }, (_, i) => `a${i}=b`).join('; ')}\r\n`,
      'x',
    ),
  );
  add('continued parameters', () =>
    mail(
      `Content-Type: text/plain; ${Array.from({ length: 100_000 }, (_, i) => `name*${i}*=%41`).join('; ')}\r\n`,
      'x',
    ),
  );

  add('10,000 nested multiparts', () => nested(10_000, 'mixed', true));
  add('10,000 nested multiparts that do not end', () => nested(10_000, 'alternative', false));
  add('multiparts around lines that all of their boundaries begin', () => {
    const boundaries = Array.from({ length: 60 }, (_, depth) => 'b'.repeat(depth + 1));
    const open = boundaries
      .map((boundary) => `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`)
      .join('');
    return Buffer.concat([Buffer.from(`${top}${open}\r\n`), fill(`--${'b'.repeat(61)}\r\n`, size)]);
  });
  add('10,000 nested messages', () =>
    Buffer.concat([
      numbered(10_000, () => 'Content-Type: message/rfc822\r\n\r\n'),
      Buffer.from('a: b\r\n\r\nx'),
    ]),
  );
  add('messages nested in base64', () => {
    let inner: Buffer = Buffer.from(`${top}\r\nHello`);
    for (let depth = 0; depth < 30 && inner.length < size / 2; depth++)
      inner = mail(
        'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n',
        inner.toString('base64'),
      );
    return inner;
  });
  add('100,000 parts', () => parts(100_000, () => '', 'x'));
  add('100,000 HTML parts', () => parts(100_000, () => 'Content-Type: text/html\r\n', '<b>x'));
  add('100,000 attachments', () =>
    parts(
      Math.min(100_000, many(100)),
      (i) => `Content-Type: application/zip\r\nContent-Disposition: attachment; filename="${i}.zip"\r\n`,
      'PK\x03\x04',
    ),
  );
  add('100,000 images', () => parts(100_000, (i) => `Content-Type: image/png; name=${i}.png\r\n`, 'x'));
  add('100,000 calendars', () =>
    parts(100_000, () => 'Content-Type: text/calendar\r\n', 'http://example.com'),
  );
  add('1,000 texts', () =>
    parts(1000, () => 'Content-Type: text/plain\r\n', 'word http://example.com '.repeat(size / 25_000)),
  );
  add('1,000 HTML texts', () =>
    parts(
      1000,
      () => 'Content-Type: text/html\r\n',
      '<p>word <a href="http://example.com/">a</a>'.repeat(size / 40_000),
    ),
  );
  add('boundaries that are no boundary', () =>
    mail('Content-Type: multipart/mixed; boundary=b\r\n', fill('--bx\r\n', size)),
  );
  add('a boundary in every line', () =>
    mail('Content-Type: multipart/mixed; boundary=b\r\n', fill('--b\r\n', size)),
  );
  add('ends of a boundary', () =>
    mail('Content-Type: multipart/mixed; boundary=b\r\n', fill('--b--\r\n', size)),
  );
  add('a boundary of minus signs', () =>
    mail(`Content-Type: multipart/mixed; boundary="${'-'.repeat(70)}"\r\n`, fill('-', size)),
  );
  add('a multipart without boundary', () => mail('Content-Type: multipart/mixed\r\n', fill('--\r\n', size)));
  add('a report of a report', () => nested(1000, 'report; report-type=delivery-status', false));

  add('a zip of 60,000 names', () =>
    attached('application/zip', 'a.zip', zipOf(Math.min(60_000, many(150)))),
  );
  add('a zip cut short', () => {
    const zip = zipOf(1000);
    return attached('application/zip', 'a.zip', zip.subarray(0, zip.length / 2));
  });
  add('a zip bomb', () => attached('application/zip', 'a.docx', zipBomb(Math.min(size * 10, 500_000_000))));
  add('a gzip bomb', () =>
    attached('application/gzip', 'a.gz', gzipSync(Buffer.alloc(Math.min(size * 10, 500_000_000)))),
  );
  for (const [name, type, magic] of [
    ['a.zip', 'application/zip', '504b0304'],
    ['a.rar', 'application/x-rar', '526172211a0700'],
    ['a5.rar', 'application/x-rar', '526172211a070100'],
    ['a.7z', 'application/x-7z-compressed', '377abcaf271c0004'],
    ['a.gz', 'application/gzip', '1f8b0800'],
    ['a.tar', 'application/x-tar', '7573746172'],
    ['a.iso', 'application/x-iso9660-image', '4344303031'],
    ['a.cab', 'application/vnd.ms-cab-compressed', '4d534346'],
    ['a.doc', 'application/msword', 'd0cf11e0a1b11ae1'],
    ['a.pdf', 'application/pdf', '255044462d312e370a'],
    ['a.png', 'image/png', '89504e470d0a1a0a'],
    ['a.gif', 'image/gif', '474946383961'],
    ['a.jpg', 'image/jpeg', 'ffd8ffe000104a464946'],
    ['a.webp', 'image/webp', '524946460000000057454250'],
    ['a.bmp', 'image/bmp', '424d'],
    ['a.svg', 'image/svg+xml', '3c737667'],
    ['a.rtf', 'application/rtf', '7b5c72746631'],
    ['winmail.dat', 'application/ms-tnef', '789f3e22'],
    ['a.p7m', 'application/pkcs7-mime', '3080060b'],
  ] as const) {
    const start = Buffer.from(magic, 'hex');
    add(`${name} that goes on as noise`, () =>
      attached(type, name, Buffer.concat([start, noise(Math.floor(size * 0.7))])),
    );
    add(`${name} that goes on as itself`, () => attached(type, name, fill(start, Math.floor(size * 0.7))));
    add(`${name} cut after its magic`, () => attached(type, name, start));
  }
  for (const pattern of [
    '1 0 obj<</A 1 0 R>>endobj\n',
    '<<',
    '[',
    '(',
    'stream\n',
    '/JavaScript ',
    '%',
    '<',
    'xref\n0 1\n',
  ])
    add(`a PDF of ${JSON.stringify(pattern)}`, () =>
      attached(
        'application/pdf',
        'a.pdf',
        Buffer.concat([Buffer.from('%PDF-1.7\n'), fill(pattern, Math.floor(size * 0.7))]),
      ),
    );
  for (const pattern of ['{', '\\', '{\\*\\objdata 00', "\\'41", '\\u8364 '])
    add(`an RTF of ${JSON.stringify(pattern)}`, () =>
      attached(
        'application/rtf',
        'a.rtf',
        Buffer.concat([Buffer.from('{\\rtf1 '), fill(pattern, Math.floor(size * 0.7))]),
      ),
    );
  add('a PNG of four thousand million pixels', () =>
    attached('image/png', 'a.png', pngOf(0xffffffff, 0xffffffff, noise(Math.floor(size * 0.7)))),
  );
  return list;
}
