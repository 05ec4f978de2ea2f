import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { stuff } from './message.ts';

export interface SmtpReply {
  code: number;
  /** The text of every line, joined by line feeds. */
  text: string;
}

/** What the server said to one transaction. */
export interface Transaction {
  mail: SmtpReply;
  recipients: SmtpReply[];
  /** The reply after the lone dot; absent when the transaction ended before. */
  data?: SmtpReply;
  /** The reply that decided: the first refusal, else the one after the dot. */
  final: SmtpReply;
}

export interface SmtpMessage {
  /** Reverse path without brackets; empty for the null sender. */
  from: string;
  to: readonly string[];
  raw: Buffer;
  /** ESMTP parameters of MAIL FROM. */
  parameters?: readonly string[];
}

/** The server refused a step before any transaction, such as the greeting or the login. */
export class SmtpRefusal extends Error {
  readonly reply: SmtpReply;

  constructor(step: string, reply: SmtpReply) {
    super(`${step}: ${reply.code} ${reply.text}`);
    this.name = 'SmtpRefusal';
    this.reply = reply;
  }
}

export interface ConnectOptions {
  port: number;
  /** A loopback address of the server; 127.0.0.1 by default. */
  host?: string;
  /** Our own loopback address, for servers that trust some of them. */
  localAddress?: string;
  /** Sends a PROXY line (version 1) that claims this client address. */
  proxyFor?: string;
}

const REPLY_TIMEOUT_MS = 60_000;
const isRefusal = (reply: SmtpReply): boolean => reply.code >= 400;

/** An SMTP client that does what it is told, well-mannered or not. */
export class SmtpClient {
  #socket: Socket;
  #text = '';
  #lines: string[] = [];
  #replies: SmtpReply[] = [];
  #waiting: { resolve: (reply: SmtpReply) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  #onData = (chunk: Buffer): void => this.#read(chunk);
  #onEnd = (): void => this.#fail(new Error('the server closed the connection'));
  #onError = (error: Error): void => this.#fail(error);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#attach();
  }

  /** Connects and reads the greeting; throws {@link SmtpRefusal} when it is not 220. */
  static async connect({
    port,
    host = '127.0.0.1',
    localAddress,
    proxyFor,
  }: ConnectOptions): Promise<SmtpClient> {
    const socket = connect({
      port,
      host,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    await once(socket, 'connect');
    const client = new SmtpClient(socket);
    if (proxyFor !== undefined) socket.write(`PROXY TCP4 ${proxyFor} 127.0.0.1 40000 25\r\n`);
    const greeting = await client.reply();
    if (greeting.code !== 220) {
      client.close();
      throw new SmtpRefusal('greeting', greeting);
    }
    return client;
  }

  /** {@link connect} and EHLO. */
  static async open(options: ConnectOptions): Promise<SmtpClient> {
    const client = await SmtpClient.connect(options);
    await client.ehlo();
    return client;
  }

  /** Sends one command line and waits for its reply. */
  async command(line: string): Promise<SmtpReply> {
    this.#socket.write(`${line}\r\n`);
    return this.reply();
  }

  /** Like {@link command}, but closes and throws {@link SmtpRefusal} unless the reply has this code. */
  async expect(code: number, line: string): Promise<SmtpReply> {
    const reply = await this.command(line);
    if (reply.code !== code) {
      this.close();
      throw new SmtpRefusal(line.split(' ')[0] ?? '', reply);
    }
    return reply;
  }

  ehlo(name = 'client.example'): Promise<SmtpReply> {
    return this.expect(250, `EHLO ${name}`);
  }

  /** Pretends to be another client (Postfix XCLIENT); the session starts again after it. */
  async xclient(attributes: Record<string, string>): Promise<void> {
    const words = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
    await this.expect(220, `XCLIENT ${words.join(' ')}`);
  }

  /** Changes to TLS (RFC 3207) without looking at the certificate, and greets again. */
  async startTls(): Promise<void> {
    await this.expect(220, 'STARTTLS');
    this.#detach();
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    this.#socket = socket;
    this.#attach();
    await this.ehlo();
  }

  /** AUTH PLAIN (RFC 4616). */
  async login(user: string, password: string): Promise<void> {
    const token = Buffer.from(`\0${user}\0${password}`).toString('base64');
    await this.expect(235, `AUTH PLAIN ${token}`);
  }

  /** One whole transaction; refusals are values. */
  async send({ from, to, raw, parameters = [] }: SmtpMessage): Promise<Transaction> {
    const mail = await this.command([`MAIL FROM:<${from}>`, ...parameters].join(' '));
    if (isRefusal(mail)) return { mail, recipients: [], final: mail };
    const recipients: SmtpReply[] = [];
    for (const recipient of to) recipients.push(await this.command(`RCPT TO:<${recipient}>`));
    const refused = recipients.find(isRefusal);
    if (refused !== undefined) {
      await this.command('RSET');
      return { mail, recipients, final: refused };
    }
    const go = await this.command('DATA');
    if (go.code !== 354) return { mail, recipients, final: go };
    const wire = stuff(raw);
    this.#socket.write(wire);
    const endsLine = wire.length === 0 || wire.subarray(-2).equals(Buffer.from('\r\n'));
    this.#socket.write(endsLine ? '.\r\n' : '\r\n.\r\n');
    const data = await this.reply();
    return { mail, recipients, data, final: data };
  }

  async quit(): Promise<void> {
    await this.command('QUIT');
    this.close();
  }

  /** Drops the connection without a word. */
  close(): void {
    this.#detach();
    // Whatever the other side still sends into a closed connection is not our concern.
    this.#socket.on('error', () => undefined);
    this.#socket.destroy();
  }

  /** Waits for the next reply; throws when the connection ends or stays silent for a minute. */
  reply(): Promise<SmtpReply> {
    const ready = this.#replies.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error('no reply from the server')), REPLY_TIMEOUT_MS);
      this.#waiting = {
        resolve: (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
    });
  }

  #attach(): void {
    this.#socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
  }

  #detach(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
  }

  #read(chunk: Buffer): void {
    this.#text += chunk.toString('utf8');
    for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
      const line = this.#text.slice(0, end).replace(/\r$/, '');
      this.#text = this.#text.slice(end + 1);
      this.#lines.push(line.slice(4));
      if (line[3] === '-') continue;
      const reply = { code: Number(line.slice(0, 3)), text: this.#lines.join('\n') };
      this.#lines = [];
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting === undefined) this.#replies.push(reply);
      else waiting.resolve(reply);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#failure);
  }
}
