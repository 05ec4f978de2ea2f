/**
 * A "double" field as Rspamd prints it (wire-protocols 1.7): one decimal when integral, else exactly six; `null`
 * for NaN and infinities, which JSON lacks (RFC 8259 6).
 */
export function formatDouble(value: number): string {
  if (value === 0) return '0.0';
  if (Number.isInteger(value) && Math.abs(value) <= 0x7fffffff) return `${value}.0`;
  return Number.isFinite(value) ? value.toFixed(6) : 'null';
}
