/** Upper half of code page 437, in which names stand where an archive says nothing else (APPNOTE D.1). */
const cp437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name whose encoding is not told: UTF-8 where it is valid, else code page 437. */
export function decodeName(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    // No UTF-8: the other encoding has every byte.
    return bytes.toString('latin1').replace(/[\x80-\xff]/g, (char) => cp437[char.charCodeAt(0) - 0x80]!);
  }
}

/** A name that is told to be UTF-8. Bytes that are not become U+FFFD. */
export function decodeUtf8Name(bytes: Buffer): string {
  return bytes.toString('utf8');
}

/** A name in UTF-16, low bytes first, without the zeros at its end. */
export function decodeUtf16Name(bytes: Buffer): string {
  const text = bytes.toString('utf16le', 0, bytes.length & ~1);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/**
 * Can nobody read this name: control characters, halves of characters, what could not be decoded, or nothing? Private
 * use stays: that is how macOS writes characters that Windows forbids.
 */
export function isUnreadableName(name: string): boolean {
  if (name === '') return true;
  return /[\x00-\x1f\x7f\x80-\x9f\ufffd\ufffe\uffff]/.test(name) || !name.isWellFormed();
}
