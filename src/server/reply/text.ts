/** One line of text: every run of line breaks and other control characters becomes one blank. */
export function oneLine(text: string): string {
  return /[\x00-\x1f\x7f]/.test(text) ? text.replace(/[\x00-\x1f\x7f]+\s*/g, ' ').trim() : text;
}

/** The same folded header value with its lines ended by `newline`. */
export function refold(value: string, newline: '\r\n' | '\n' | '\r'): string {
  return value.includes('\n') ? value.replace(/\r?\n/g, newline) : value;
}
