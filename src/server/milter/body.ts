const cr = 0x0d;
const lf = 0x0a;

/** The same bytes with every lone LF as CRLF, as MTAs expect a body (wire-protocols 3.7); a copy only if needed. */
export function withCrlf(bytes: Buffer): Buffer {
  let lone = 0;
  for (let at = bytes.indexOf(lf); at >= 0; at = bytes.indexOf(lf, at + 1)) if (bytes[at - 1] !== cr) lone++;
  if (lone === 0) return bytes;
  const result = Buffer.allocUnsafe(bytes.length + lone);
  let from = 0;
  let to = 0;
  for (let at = bytes.indexOf(lf); at >= 0; at = bytes.indexOf(lf, at + 1)) {
    to += bytes.copy(result, to, from, at);
    if (bytes[at - 1] !== cr) result[to++] = cr;
    result[to++] = lf;
    from = at + 1;
  }
  bytes.copy(result, to, from);
  return result;
}
