/** How much of a text is looked at. */
const windowBytes = 4096;

/** Lines that only files of that kind begin with. */
const beginnings: readonly (readonly [extension: string, expression: RegExp])[] = [
  ['php', /^<\?(?:php\b|=)/],
  ['svg', /^<svg[\s>]/],
  ['sct', /^<scriptlet[\s>]/],
  ['wsf', /^<(?:job|package)[\s>][\s\S]{0,1500}<script[\s>]/],
  ['jnlp', /^<jnlp[\s>]/],
  ['vcf', /^begin:vcard\s/],
  ['ics', /^begin:vcalendar\s/],
  ['reg', /^(?:windows registry editor version|regedit4\s)/],
  ['url', /^(?:\[[^\]\n]{1,100}\]\s[\s\S]{0,500})?\[internetshortcut\]/],
  [
    'inf',
    /^(?:;[^\n]{0,200}\n\s*){0,10}\[version\]\s[\s\S]{0,500}\bsignature\s{0,9}=\s{0,9}"?\$(?:windows|chicago)/,
  ],
  ['bat', /^@?echo\s+off\b/],
  ['asc', /^-----begin pgp /],
  ['pem', /^-----begin [a-z0-9 ]{1,40}-----/],
];

const interpreters: readonly (readonly [extension: string, name: RegExp])[] = [
  ['py', /python/],
  ['pl', /perl/],
  ['rb', /ruby/],
  ['php', /php/],
  ['js', /node|deno|bun/],
  ['sh', /(?:^|[/\s])(?:ba|da|k|z|c|tc|a)?sh\b/],
];

/** Signs of script languages without fixed beginnings. Two different ones of a language tell it. */
const signs: readonly (readonly [extension: string, expressions: readonly RegExp[]])[] = [
  [
    'vbs',
    [
      /^[ \t]*(?:dim|const|option explicit|on error resume next|private sub|public sub|sub|function)\b/m,
      /\bset\s+\w+\s*=\s*(?:createobject|getobject|wscript\.createobject)\s*\(/,
      /\bwscript\.(?:shell|sleep|quit|arguments)/,
      /\bend (?:sub|function|if)\b/,
      /\bchrw?\s*\(\s*\d+\s*\)\s*&/,
    ],
  ],
  [
    'js',
    [
      /\bnew\s+activexobject\s*\(/,
      /\bwscript\.(?:createobject|shell|sleep|quit|echo|scriptfullname|arguments)/,
      /\bvar\s+\w+\s*=/,
      /\bfunction\s*\w*\s*\([^)\n]{0,200}\)\s*\{/,
      /\b(?:eval|unescape|string\.fromcharcode|parseint)\s*\(/,
      /\b(?:const|let)\s+\w+\s*=\s*[^\n]{0,200};/,
      /\bdocument\.(?:write|location|cookie|getelementbyid)\b/,
    ],
  ],
  [
    'ps1',
    [
      /\bnew-object\s+(?:system\.|net\.|io\.|-com)/,
      /\b(?:invoke-expression|invoke-webrequest|iex)\b/,
      /\$env:\w+/,
      /\[(?:system\.|convert\]|text\.encoding|reflection\.)/,
      /\b(?:start-process|set-executionpolicy|write-host|add-type)\b/,
      /^[ \t]*param\s*\(/m,
    ],
  ],
  [
    'bat',
    [
      /^[ \t]*@?(?:set|setlocal|rem|goto|call|start|if exist|if not exist)\s/m,
      /%(?:~dp0|temp%|appdata%|systemroot%|comspec%|username%|userprofile%)/,
      /^[ \t]*@?(?:cmd|powershell|mshta|certutil|bitsadmin|rundll32|regsvr32)(?:\.exe)?\s/m,
    ],
  ],
];

/** Every script of those languages that is told has at least one of these. */
const anySign =
  /wscript|activexobject|(?:create|get)object|\bend (?:sub|function|if)\b|\bchrw?\s*\(|function|\beval\s*\(|unescape|fromcharcode|parseint|document\.|\b(?:var|const|let)\s|new-object|invoke-|\biex\b|\$env:|\[(?:system\.|convert\]|text\.encoding|reflection\.)|start-process|set-executionpolicy|write-host|add-type|%[a-z~]|\b(?:cmd|powershell|mshta|certutil|bitsadmin|rundll32|regsvr32)\b/;

const htmlStart =
  /^(?:<!--[\s\S]{0,2000}?-->\s*|<\?xml[^>]{0,300}>\s*){0,4}(?:<!doctype html|<(?:html|head|body|title|meta|script|style|iframe|table|div|center|font|h[1-6]|p|br|a|img|form)[\s>/])/;
const mailStart = /^(?:[a-z][a-z0-9-]{0,60}:[^\n]{0,1000}\n(?:[ \t][^\n]{0,1000}\n)*){1,50}/;

/** Is it text: no zero bytes and hardly any control characters? */
function isText(bytes: Buffer): boolean {
  let controls = 0;
  for (const byte of bytes) {
    if (byte === 0) return false;
    if (byte < 0x20 && (byte < 0x08 || byte > 0x0d) && byte !== 0x1b) controls++;
  }
  return controls * 50 <= bytes.length;
}

/** The beginning of a text in lower case, without marks of byte order and leading blanks; undefined: no text. */
function beginningOf(file: Buffer): string | undefined {
  const head = file.subarray(0, windowBytes);
  let text: string;
  if (head[0] === 0xff && head[1] === 0xfe) text = head.toString('utf16le', 2);
  else if (head[0] === 0xfe && head[1] === 0xff)
    text = Buffer.from(head.subarray(2, head.length & ~1))
      .swap16()
      .toString('utf16le');
  else if (!isText(head)) return undefined;
  else text = head.toString('latin1', head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0);
  return text.trimStart().toLowerCase();
}

function readXml(text: string): string {
  const root = /<(?![?!])([a-z][\w:.-]{0,60})/.exec(text)?.[1] ?? '';
  if (root === 'svg' || root.endsWith(':svg')) return 'svg';
  if (root === 'html') return 'html';
  if (root === 'scriptlet' || root === 'component') return 'sct';
  if (root === 'job' || root === 'package') return /<script[\s>]/.test(text) ? 'wsf' : 'xml';
  if (root === 'jnlp') return 'jnlp';
  // Office's flat XML says which program opens it.
  const program = /<\?mso-application\s+progid\s*=\s*["'](word|excel|powerpoint)\./.exec(text)?.[1];
  return program === 'word' ? 'doc' : program === 'excel' ? 'xls' : program === 'powerpoint' ? 'ppt' : 'xml';
}

function readMail(text: string): string | undefined {
  const headers = mailStart.exec(text)?.[0];
  if (headers === undefined) return undefined;
  const has = (name: string): boolean => headers.startsWith(`${name}:`) || headers.includes(`\n${name}:`);
  if (has('mime-version') && /\ncontent-type:\s{0,9}multipart\/related/.test(headers) && !has('received'))
    return 'mht';
  const known = ['received', 'from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'return-path'];
  return known.filter(has).length >= 3 ? 'eml' : undefined;
}

function readScript(text: string): string | undefined {
  if (!anySign.test(text)) return undefined;
  for (const [extension, expressions] of signs) {
    let found = 0;
    for (const expression of expressions) if (expression.test(text) && ++found === 2) return extension;
  }
  return undefined;
}

/** The format of a file that is a text; undefined: plain text, or no text at all. */
export function readTextType(file: Buffer): string | undefined {
  const text = beginningOf(file);
  if (text === undefined || text === '') return undefined;
  if (text.startsWith('#!')) {
    const line = text.slice(2, 200).split('\n', 1)[0]!;
    return interpreters.find(([, name]) => name.test(line))?.[0] ?? 'sh';
  }
  if (text.startsWith('<hta:application')) return 'hta';
  if (htmlStart.test(text)) return text.includes('<hta:application') ? 'hta' : 'html';
  if (text.startsWith('<?xml')) return readXml(text);
  const begun = beginnings.find(([, expression]) => expression.test(text))?.[0];
  return begun ?? readMail(text) ?? readScript(text);
}
