import { type Envelope, requestFlags, type TaskFlag } from '../../core/index.ts';

/** Flags that mean the same to the next scanner; how its reply is packed is our own business. */
const passedFlags: ReadonlySet<TaskFlag> = new Set(
  requestFlags.filter((flag) => flag !== 'zstd' && flag !== 'body_block'),
);

/** Headers that are written from the envelope, or that belong to one connection, or that hold a secret. */
const notCopied = new Set(
  [
    'from rcpt ip helo hostname user queue-id deliver-to mta-name mta-tag tls-cipher tls-version tls-cert-issuer',
    'settings settings-id log-tag flags x-rspamd-mail-esmtp-args x-rspamd-rcpt-esmtp-args raw',
    'connection keep-alive host content-length transfer-encoding te trailer upgrade expect proxy-connection',
    'compression content-encoding content-type accept accept-encoding dictionary key',
    'file path shm shm-offset shm-length password authorization cookie',
  ].flatMap((line) => line.split(' ')),
);

/**
 * The scan headers for another scanner: the envelope as an HTTP client would state it, then what else the client
 * sent (wire-protocols 3.11, 4.2). `body_block` is always asked for, since a rewritten message has to come back.
 *
 * @param extra headers of the operator, which take the place of others of the same name
 * @returns names and values alternating; values hold no line breaks, and UTF-8 as one character a byte
 */
export function scanHeaders(envelope: Envelope, extra: Readonly<Record<string, string>> = {}): string[] {
  const headers = ownHeaders(envelope);
  const names = Object.keys(extra);
  if (names.length === 0) return headers;
  const replaced = new Set(names.map((name) => name.toLowerCase()));
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (!replaced.has(headers[i]!.toLowerCase())) kept.push(headers[i]!, headers[i + 1]!);
  }
  for (const name of names) if (isToken(name)) kept.push(name, wireText(extra[name]!));
  return kept;
}

function ownHeaders(envelope: Envelope): string[] {
  const headers: string[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') headers.push(name, wireText(value));
  };
  addAddresses(envelope, headers);
  add('Helo', envelope.helo);
  add('Hostname', envelope.hostName ?? envelope.request.get('hostname'));
  add('IP', clientAddress(envelope));
  // Presence alone means authenticated.
  if (envelope.login !== undefined) headers.push('User', wireText(envelope.login));
  add('Queue-Id', envelope.queueId);
  add('Deliver-To', envelope.deliverTo);
  add('MTA-Name', envelope.mtaName);
  add('MTA-Tag', envelope.mtaTag);
  add('TLS-Cipher', envelope.tls?.cipher);
  add('TLS-Version', envelope.tls?.version);
  add('TLS-Cert-Issuer', envelope.tls?.certIssuer);
  add('Log-Tag', envelope.logTag);
  add('Settings-ID', envelope.settingsId);
  const { settings } = envelope;
  add('Settings', typeof settings === 'object' ? JSON.stringify(settings) : settings);
  if (envelope.flags.has('raw')) add('Raw', 'yes');
  add('Flags', [...[...envelope.flags].filter((flag) => passedFlags.has(flag)), 'body_block'].join(','));
  for (const [name, value] of envelope.request.entries()) {
    if (!notCopied.has(name) && isToken(name)) add(name, value);
  }
  return headers;
}

/** True: usable as the name of an HTTP header (RFC 9110 5.6.2). */
function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

function addAddresses(
  { sender, senderEsmtp, recipients, malformed, request }: Envelope,
  headers: string[],
): void {
  // What did not parse here is passed on as it came, so that the other scanner sees it too.
  const rawSender = request.get('from');
  if (sender !== undefined) headers.push('From', wireText(`<${sender?.text ?? ''}>`));
  else if (rawSender !== undefined) headers.push('From', wireText(rawSender));
  for (const [keyword, value] of senderEsmtp) {
    headers.push('X-Rspamd-Mail-Esmtp-Args', wireText(`${keyword}=${value}`));
  }
  const isBroken = malformed.includes('Rcpt');
  const given = isBroken ? request.getAll('rcpt') : recipients.map(({ text }) => `<${text}>`);
  for (const recipient of given) headers.push('Rcpt', wireText(recipient));
  // Parameters count positions, which are not known when some recipients did not parse.
  if (isBroken) return;
  for (const [at, { esmtp }] of recipients.entries()) {
    for (const [keyword, value] of esmtp) {
      headers.push('X-Rspamd-Rcpt-Esmtp-Args', wireText(`${at}:${keyword}=${value}`));
    }
  }
}

/** The MTA's client; an HTTP client that names none is taken for it (wire-protocols 4.2). */
function clientAddress({
  door,
  clientIp,
  clientPort,
  clientSocketPath,
  scannerClientIp,
}: Envelope): string | undefined {
  const ip = clientIp ?? (door === 'milter' || clientSocketPath !== undefined ? undefined : scannerClientIp);
  if (!ip) return clientSocketPath;
  if (clientPort === undefined || !clientIp) return ip.text;
  return ip.family === 6 ? `[${ip.text}]:${clientPort}` : `${ip.text}:${clientPort}`;
}

/** Text as Node writes it into a header: one character a byte, no control characters (RFC 9110 5.5). */
function wireText(text: string): string {
  const clean = text.replaceAll(/[\x00-\x08\x0a-\x1f\x7f]+/g, ' ');
  return /^[\x09\x20-\x7e]*$/.test(clean) ? clean : Buffer.from(clean, 'utf8').toString('latin1');
}
