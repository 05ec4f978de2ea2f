import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCheck, type Way } from '../../../test/helpers/check-table.ts';
import { macroProject, makeOle, nativeStream } from '../../../test/helpers/office-files.ts';
import { makePdf } from '../../../test/helpers/pdf-files.ts';
import { documents } from './check.ts';

const ways: readonly Way[] = ['inbound', 'authenticated', 'local'];

function mail(name: string, content: string | Buffer): string {
  return [
    'From: a@example.com',
    'Subject: x',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    'See attached.',
    '--b',
    'Content-Type: application/octet-stream',
    `Content-Disposition: attachment; filename="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(content).toString('base64'),
    '--b--',
    '',
  ].join('\n');
}

const word = Buffer.alloc(64);
const pdf = (...objects: readonly string[]): Buffer => makePdf(['<< /Type /Catalog >>', ...objects]);
const doc = (code: string): Buffer => makeOle({ WordDocument: word, Macros: macroProject(code) });
const script = (code: string): string => `<html><script>${code}</script></html>`;

type Expected = readonly (readonly [symbol: string, weight?: number, rest?: string])[];

const table: readonly (readonly [string, string, string | Buffer, Expected])[] = [
  ['text', 'a.txt', 'Hello', []],
  ['a PDF', 'a.pdf', pdf(), []],
  ['an encrypted PDF', 'a.pdf', makePdf(['<<>>'], '/Encrypt 1 0 R'), [['PDF_ENCRYPTED']]],
  ['a PDF with a script', 'a.pdf', pdf('<< /S /JavaScript /JS (x) >>'), [['PDF_JAVASCRIPT']]],
  [
    'a PDF that hides its script',
    'a.pdf',
    pdf('<< /S /J#61vaScript /JS (x) >>'),
    [['PDF_JAVASCRIPT'], ['PDF_SUSPICIOUS', 0.1 + 0.7]],
  ],
  [
    'an encrypted PDF that runs a script on opening',
    'a.pdf',
    makePdf(['<< /OpenAction 2 0 R >>', '<< /S /JavaScript /JS (x) >>'], '/Encrypt 1 0 R'),
    [['PDF_ENCRYPTED'], ['PDF_JAVASCRIPT'], ['PDF_SUSPICIOUS', 0.1 + 0.5 + 0.1]],
  ],
  ['a PDF that starts a program', 'a.pdf', pdf('<< /S /Launch /F (a.exe) >>'), [['PDF_LAUNCH']]],
  ['a PDF with a program', 'a.pdf', pdf('<< /F (a.exe) /EF << /F 9 0 R >> >>'), [['PDF_EMBEDDED_PROGRAM']]],
  ['a PDF with a picture inside', 'a.pdf', pdf('<< /F (a.png) /EF << /F 9 0 R >> >>'), []],
  [
    'a PDF that sends a form',
    'a.pdf',
    pdf('<< /S /SubmitForm /F (https://a.example.com/) >>'),
    [['PDF_SUBMIT_FORM']],
  ],
  [
    'a PDF with much behind its trailer',
    'a.pdf',
    Buffer.concat([pdf(), Buffer.from('\n'.repeat(200))]),
    [['PDF_LONG_TRAILER', 1, ':245']],
  ],
  [
    'a PDF with many objects',
    'a.pdf',
    pdf(...Array.from({ length: 10_000 }, () => '1')),
    [['PDF_MANY_OBJECTS', 1, ':10001'], ['PDF_TIMEOUT']],
  ],
  ['a document', 'a.doc', makeOle({ WordDocument: word }), []],
  ['macros', 'a.doc', doc('Sub Fill()\r\nEnd Sub'), [['OFFICE_MACRO']]],
  [
    'macros that run by themselves',
    'a.doc',
    doc('Sub Document_Open()\r\nEnd Sub'),
    [['OFFICE_MACRO'], ['OFFICE_AUTO_MACRO']],
  ],
  [
    'macros that run by themselves and use another program',
    'a.doc',
    doc('Sub Document_Open()\r\nSet x = CreateObject("Excel.Application")\r\nEnd Sub'),
    [['OFFICE_MACRO'], ['OFFICE_AUTO_MACRO']],
  ],
  [
    'macros that run by themselves and use much',
    'a.doc',
    doc('Sub Document_Open()\r\nSet x = CreateObject("a" & Environ("b"))\r\nEnd Sub'),
    [['OFFICE_MACRO'], ['OFFICE_AUTO_MACRO'], ['OFFICE_SUSPICIOUS_MACRO', 0.5]],
  ],
  [
    'macros that run a program',
    'a.doc',
    doc('Sub AutoOpen()\r\nShell ("cmd /c x")\r\nEnd Sub'),
    [['OFFICE_MACRO'], ['OFFICE_AUTO_MACRO'], ['OFFICE_SUSPICIOUS_MACRO']],
  ],
  [
    'an encrypted document',
    'a.docx',
    makeOle({ EncryptionInfo: word, EncryptedPackage: word }),
    [['OFFICE_ENCRYPTED']],
  ],
  [
    'a program in a document',
    'a.doc',
    makeOle({ WordDocument: word, '\u0001Ole10Native': nativeStream('a.exe', 'MZ') }),
    [['OFFICE_EMBEDDED_PROGRAM']],
  ],
  [
    'a file in a document',
    'a.doc',
    makeOle({ WordDocument: word, '\u0001Ole10Native': nativeStream('a.txt', 'x') }),
    [['OFFICE_EMBEDDED_FILE']],
  ],
  [
    'a formula of the old editor',
    'a.doc',
    makeOle({ WordDocument: word, 'Equation Native': word }),
    [['OFFICE_EQUATION', 0.25]],
  ],
  [
    'RTF that is called a document',
    'a.doc',
    `{\\rtf1{\\object\\objupdate{\\objclass Equation.3}}}`,
    [['OFFICE_EQUATION'], ['OFFICE_AUTO_OBJECT']],
  ],
  [
    'RTF with a template and an object from elsewhere',
    'a.rtf',
    '{\\rtf1{\\*\\template https://a.example.com/t}{\\*\\fldinst INCLUDEPICTURE "https://a.example.com/x"}{\\*\\fldinst DDEAUTO cmd x}}',
    [['OFFICE_EXTERNAL_TEMPLATE'], ['OFFICE_EXTERNAL_OBJECT'], ['OFFICE_COMMAND_FIELD']],
  ],
  ['a page', 'a.html', '<html><p>x</p></html>', []],
  [
    'a page that asks for a password',
    'a.html',
    '<html><form action="https://a.example.com"><input><input type=password></form></html>',
    [['HTML_ATTACHMENT_FORM']],
  ],
  [
    'a page with a form',
    'a.html',
    '<html><form><input><input></form></html>',
    [['HTML_ATTACHMENT_FORM', 0.5]],
  ],
  ['a page with a search', 'a.html', '<html><form><input></form></html>', [['HTML_ATTACHMENT_FORM', 0.2]]],
  ['a page with a script', 'a.html', script('x()'), [['HTML_ATTACHMENT_SCRIPT']]],
  ['SVG with a script', 'a.svg', '<svg onload="x()"></svg>', [['HTML_ATTACHMENT_SCRIPT']]],
  [
    'a page that leads elsewhere',
    'a.html',
    '<html><meta http-equiv=refresh content="0;url=https://a.example.com/"></html>',
    [['HTML_ATTACHMENT_REDIRECT']],
  ],
  [
    'a script that leads elsewhere',
    'a.html',
    script('window.location.href = "https://a.example.com/"'),
    [['HTML_ATTACHMENT_SCRIPT'], ['HTML_ATTACHMENT_REDIRECT']],
  ],
  [
    'a script that leads elsewhere from a page with text',
    'a.html',
    `${script('window.location.href = "https://a.example.com/"')}${'word '.repeat(100)}`,
    [['HTML_ATTACHMENT_SCRIPT']],
  ],
  [
    'a script that makes a file',
    'a.html',
    script('b = new Blob([Uint8Array.from(atob(x), c => c.charCodeAt(0))]); a.href = URL.createObjectURL(b)'),
    [['HTML_ATTACHMENT_SCRIPT'], ['HTML_ATTACHMENT_SMUGGLING']],
  ],
  [
    'a script that makes a page',
    'a.html',
    script('document.write(unescape("%3Cform%3E"))'),
    [['HTML_ATTACHMENT_SCRIPT'], ['HTML_ATTACHMENT_SMUGGLING']],
  ],
];

for (const [name, file, content, expected] of table) {
  for (const way of ways) {
    test(`${name}, ${way}: ${expected.map(([symbol]) => symbol).join(' ') || 'nothing'}`, async () => {
      const run = await runCheck(documents, {}, { raw: mail(file, content), way });
      assert.deepEqual(
        run.hits,
        expected.map(([symbol, weight = 1, rest = '']) => ({ symbol, weight, options: [file + rest] })),
      );
    });
  }
}

test('a file without a name is called unknown', async () => {
  const raw = 'From: a@example.com\nContent-Type: application/pdf\n\n%PDF-1.4\n1 0 obj\n<< /S /Launch >>\n';
  const run = await runCheck(documents, {}, { raw });
  assert.deepEqual(run.hits, [{ symbol: 'PDF_LAUNCH', weight: 1, options: ['unknown'] }]);
});
