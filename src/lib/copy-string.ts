/**
 * A copy of the text that shares no memory with the text it was cut from. V8 keeps the whole parent of a substring
 * alive, so a small key in a long-lived map could hold a message of megabytes.
 */
export function copyString(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
