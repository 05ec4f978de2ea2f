import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../frame-reader.ts';

/** One packet, by the letter of its command. */
export interface Packet {
  readonly command: string;
  readonly payload: Buffer;
}

/** What an MTA offers or a filter answers. */
export interface Terms {
  readonly version: number;
  readonly actions: number;
  readonly steps: number;
}

/** What Postfix 3.x and Sendmail 8.14 and later offer. */
export const fullOffer: Terms = { version: 6, actions: 0x1ff, steps: 0x1fffff };

/** Bit by which a filter says that it does not answer a command. */
const noReplyBits: Readonly<Record<string, number>> = {
  C: 0x1000,
  H: 0x2000,
  M: 0x4000,
  R: 0x8000,
  T: 0x10000,
  U: 0x20000,
  L: 0x80,
  N: 0x40000,
  B: 0x80000,
};

/** A packet's bytes. Texts are ended with NUL. */
export function packet(command: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const payload = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)),
  );
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + 1, 0);
  head.write(command, 4, 'latin1');
  return Buffer.concat([head, payload]);
}

/** 32-bit numbers, big-endian. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}

/** Shows a packet: letter, number of packets that have one, texts; a body by its bytes. */
function show({ command, payload }: Packet): string {
  const indexed = command === 'i' || command === 'm';
  const number = indexed ? ` ${payload.readUInt32BE(0)}` : '';
  const rest = indexed ? payload.subarray(4) : payload;
  const texts = command === 'b' ? [rest.toString()] : rest.toString().split('\0').slice(0, -1);
  return `${command}${number}${texts.map((text) => ` ${JSON.stringify(text)}`).join('')}`;
}

/** A message as an MTA passes it on. */
export interface ClientMessage {
  readonly macros?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly from?: string;
  readonly fromParameters?: readonly string[];
  readonly to?: readonly string[];
  /** Name and value; the value with the blank after the colon, lines separated by LF. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: readonly Buffer[] | string;
  /** Data inside the packet that ends the body. */
  readonly last?: string;
}

/** The MTA's side of the protocol: offers, sends events, waits for the answers that were agreed on. */
export class MilterClient {
  /** Settles when the filter closed the connection. */
  readonly closed: Promise<void>;
  agreed: Terms = { version: 0, actions: 0, steps: 0 };
  readonly socket: Socket;
  readonly #reader = new FrameReader(1 << 28);
  readonly #packets: Packet[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      while (this.#reader.next()) {
        const { command, payload } = this.#reader;
        this.#packets.push({ command: String.fromCharCode(command), payload });
      }
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      });
    });
    // A reset is a close to a test.
    socket.on('error', () => this.#wake?.());
  }

  static async connect(port: number): Promise<MilterClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new MilterClient(socket);
  }

  send(command: string, ...parts: readonly (string | Buffer)[]): void {
    this.socket.write(packet(command, ...parts));
  }

  macros(command: string, macros: Readonly<Record<string, string>>): void {
    this.send('D', Buffer.from(command), ...Object.entries(macros).flat());
  }

  /** The next packet; undefined when the filter closed the connection instead. */
  async receive(): Promise<Packet | undefined> {
    for (;;) {
      const next = this.#packets.shift();
      if (next || this.#isClosed) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Packets that have arrived and were not asked for. */
  get unread(): readonly Packet[] {
    return this.#packets;
  }

  async negotiate(offer: Terms = fullOffer): Promise<{ terms: Terms; lists: Buffer } | undefined> {
    this.send('O', words(offer.version, offer.actions, offer.steps));
    const answer = await this.receive();
    if (!answer) return undefined;
    const { payload } = answer;
    this.agreed = {
      version: payload.readUInt32BE(0),
      actions: payload.readUInt32BE(4),
      steps: payload.readUInt32BE(8),
    };
    return { terms: this.agreed, lists: payload.subarray(12) };
  }

  /** Sends an event and waits for its answer if one is due; returns the answer. */
  async event(command: string, ...parts: readonly (string | Buffer)[]): Promise<Packet | undefined> {
    this.send(command, ...parts);
    const bit = noReplyBits[command] ?? 0;
    return this.agreed.steps & bit ? undefined : this.receive();
  }

  async connection(
    name = 'client.example',
    address = '192.0.2.7',
    family = '4',
  ): Promise<Packet | undefined> {
    return this.event('C', name, Buffer.from(family), Buffer.from([0x12, 0x34]), address);
  }

  /** Sends the events of a message up to the end of its body, without waiting for the verdict. */
  async message(message: ClientMessage = {}): Promise<void> {
    const { from = '<alice@example.com>', fromParameters = [], to = ['<bob@example.net>'] } = message;
    const macros = (command: string): void => this.macros(command, message.macros?.[command] ?? {});
    macros('M');
    await this.event('M', from, ...fromParameters);
    for (const recipient of to) {
      macros('R');
      await this.event('R', recipient);
    }
    if (this.agreed.version >= 4) {
      macros('T');
      await this.event('T');
    }
    const keepsSpace = (this.agreed.steps & 0x100000) !== 0;
    for (const [name, value] of message.headers ?? [['Subject', ' hello']]) {
      macros('L');
      await this.event('L', name, keepsSpace ? value : value.replace(/^ /, ''));
    }
    await this.event('N');
    const { body = 'text\r\n' } = message;
    const chunks = typeof body === 'string' ? (body === '' ? [] : [Buffer.from(body)]) : body;
    for (const chunk of chunks) {
      macros('B');
      await this.event('B', chunk);
    }
    macros('E');
    this.send('E', Buffer.from(message.last ?? ''));
  }

  /** The answer to the end of a message: changes, then one verdict. Progress packets are left out. */
  async verdict(): Promise<string[]> {
    const shown: string[] = [];
    for (;;) {
      const next = await this.receive();
      if (!next) return [...shown, 'closed'];
      if (next.command === 'p') continue;
      shown.push(show(next));
      if ('acrtdy4'.includes(next.command)) return shown;
    }
  }

  /** A whole message and its answer. */
  async scan(message: ClientMessage = {}): Promise<string[]> {
    await this.message(message);
    return this.verdict();
  }

  close(): void {
    this.socket.destroy();
  }
}
