import type { Message, Part } from '../core/index.ts';
import type { Signals } from './signals.ts';

const kinds: readonly (readonly [RegExp, string])[] = [
  [/\.(?:exe|scr|pif|com|bat|cmd|vbs|vbe|js|jse|wsf|hta|lnk|msi|jar|ps1|cpl|reg)$/i, 'program'],
  [/\.(?:html?|shtml|xhtml|svg)$/i, 'page'],
  [/\.(?:zip|rar|7z|gz|tgz|tar|iso|img|ace|arj|cab|xz|bz2|z)$/i, 'archive'],
  [/\.(?:doc|docx|docm|xls|xlsx|xlsm|xlsb|ppt|pptx|pptm|rtf|one)$/i, 'office'],
  [/\.pdf$/i, 'pdf'],
  [/\.(?:png|jpe?g|gif|bmp|webp|tiff?)$/i, 'picture'],
  [/\.(?:ics|vcf|p7s|asc|sig)$/i, 'card'],
  [/\.(?:eml|msg)$/i, 'message'],
  [/\.(?:txt|patch|diff|log|csv|c|h|py|r|tex|md|json|xml)$/i, 'text'],
];

function kindOf(part: Part): string {
  const named = part.fileName === undefined ? undefined : kinds.find(([name]) => name.test(part.fileName!));
  if (named) return named[1];
  if (part.kind === 'image') return 'picture';
  if (part.kind === 'signature' || part.kind === 'calendar') return 'card';
  if (part.kind === 'message') return 'message';
  return 'other';
}

/** Is it a web page by its name or type? */
export function isPage(part: Part): boolean {
  return part.contentType === 'text/html' || kindOf(part) === 'page';
}

/** Reads how the message is put together. */
export function partSignals(message: Message, attachments: readonly Part[], out: Signals): void {
  let plain = 0;
  let html = 0;
  for (const part of message.parts) {
    if (part.kind !== 'text' || part.isAttachment) continue;
    if (part.contentType === 'text/html') {
      html++;
      if (part.transferEncoding === 'base64') out.add('parts:html-in-base64');
    } else if (part.contentType === 'text/plain') {
      plain++;
      if (part.transferEncoding === 'base64') out.add('parts:plain-in-base64');
    }
    const charset = part.charset?.toLowerCase() ?? '';
    if (/^(?:koi8|windows-1251|gb|big5|euc-kr|ks_c|iso-2022|shift)/.test(charset))
      out.add('parts:far-charset');
    if (part.contentTypeParameters.get('format')?.toLowerCase() === 'flowed') out.add('parts:flowed');
  }
  out.add(
    html > 0
      ? plain > 0
        ? 'parts:both'
        : 'parts:html-only'
      : plain > 0
        ? 'parts:plain-only'
        : 'parts:no-text',
  );
  if (message.root.contentType === 'multipart/related') out.add('parts:related');
  if (message.root.contentType === 'multipart/signed') out.add('parts:signed');
  for (const part of attachments) out.add(`attachment:${kindOf(part)}`);
  if (attachments.length > 0 && plain + html === 0) out.add('parts:attachment-only');
}
