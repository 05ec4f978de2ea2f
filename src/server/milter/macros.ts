import { readStrings } from './frame-reader.ts';

/** How long a macro counts: the MTA's connection, the SMTP session inside it, one message. */
type Scope = 'connection' | 'session' | 'message';

/** Macros that mean something here (wire-protocols 3.5). Others are not kept, which bounds the memory of a session. */
const scopes = new Map<string, Scope>();
for (const name of ['j', 'v', '_', 'daemon_name', 'daemon_addr', 'daemon_port', 'if_name', 'if_addr']) {
  scopes.set(name, 'connection');
}
for (const name of ['addr', 'port', 'name', 'ptr', 'resolve', 'connections']) {
  scopes.set(`client_${name}`, 'connection');
}
for (const name of ['tls_version', 'cipher', 'cipher_bits', 'cert_subject', 'cert_issuer', 'tls_sni']) {
  scopes.set(name, 'session');
}
for (const name of ['auth_type', 'auth_authen', 'auth_ssf']) scopes.set(name, 'session');
// The author is the AUTH parameter of one MAIL command (RFC 4954 5), so it belongs to the message.
for (const name of ['i', 'auth_author', 'msg_id']) scopes.set(name, 'message');
for (const name of ['addr', 'host', 'mailer']) {
  scopes.set(`mail_${name}`, 'message').set(`rcpt_${name}`, 'message');
}

/** Longest value kept; no MTA sends longer ones for these names. */
const maxValueLength = 4096;

/** Names and values are at most this many in one packet. */
const maxStrings = 512;

/** The macros of one milter connection, under their names without braces, in lower case. */
export class Macros {
  readonly #values = new Map<string, string>();

  /**
   * Takes the payload of a macro packet: a byte for the command, then names and values. `i` and `{i}` are the same
   * macro; an administrator or a list of ours may ask for either form.
   */
  read(payload: Buffer): void {
    if (payload.length < 3) return;
    const strings = readStrings(payload.subarray(1), maxStrings);
    for (let i = 0; i + 1 < strings.length; i += 2) {
      const name = bareName(strings[i]!);
      const value = strings[i + 1]!;
      if (!scopes.has(name) || value.length > maxValueLength) continue;
      this.#values.set(name, value);
    }
  }

  /** Value of a macro; undefined when it was not sent or is empty. */
  get(name: string): string | undefined {
    return this.#values.get(name) || undefined;
  }

  /** Names and values in the order of their first appearance. */
  entries(): Iterable<readonly [name: string, value: string]> {
    return this.#values;
  }

  /** A message ended: its queue id, sender and recipient macros must not reach the next one. */
  endMessage(): void {
    this.#drop('message');
  }

  /** Another client came over the same connection: its predecessor's login and TLS must not stay. */
  beginSession(): void {
    this.#drop('message');
    this.#drop('session');
  }

  clear(): void {
    this.#values.clear();
  }

  #drop(scope: Scope): void {
    for (const name of this.#values.keys()) if (scopes.get(name) === scope) this.#values.delete(name);
  }
}

function bareName(name: string): string {
  const bare = name.startsWith('{') && name.endsWith('}') ? name.slice(1, -1) : name;
  return bare.toLowerCase();
}
