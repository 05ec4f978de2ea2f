import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { unstuff } from './message.ts';
import { waitUntil } from './process.ts';

/** One message as the next hop received it. */
export interface Delivery {
  /** Reverse path without brackets; empty for the null sender. */
  from: string;
  /** ESMTP parameters of MAIL FROM, such as `BODY=8BITMIME`. */
  parameters: string[];
  /** Forward paths without brackets, in the order given. */
  recipients: string[];
  /** The message as sent, dot-unstuffed (RFC 5321 4.5.2), CRLF line ends kept. */
  raw: Buffer;
}

/** The next hop of the MTA under test: an SMTP server that accepts everything and remembers it. */
export interface Sink {
  readonly port: number;
  readonly deliveries: readonly Delivery[];
  /** The deliveries that name this recipient. */
  to(recipient: string): Delivery[];
  /** Waits for the first delivery to this recipient. */
  next(recipient: string, timeoutMs?: number): Promise<Delivery>;
  stop(): Promise<void>;
}

const PATH = /^(?:MAIL FROM|RCPT TO):\s*<([^>]*)>\s*(.*)$/i;
const END_OF_DATA = Buffer.from('\r\n.\r\n');

/** Reads one session: command lines, then message bytes up to the lone dot. */
class Session {
  #pending = Buffer.alloc(0);
  /** Chunks of a message being received, or nothing while commands are read. */
  #message: Buffer[] | undefined;
  #tail = Buffer.alloc(0);
  #envelope: Omit<Delivery, 'raw'> = { from: '', parameters: [], recipients: [] };
  readonly #socket: Socket;
  readonly #deliver: (delivery: Delivery) => void;

  constructor(socket: Socket, deliver: (delivery: Delivery) => void) {
    this.#socket = socket;
    this.#deliver = deliver;
    socket.write('220 sink.test ESMTP\r\n');
  }

  receive(chunk: Buffer): void {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined && rest.length > 0) {
      rest = this.#message === undefined ? this.#receiveCommand(rest) : this.#receiveData(rest);
    }
  }

  #receiveCommand(chunk: Buffer): Buffer | undefined {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const end = this.#pending.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#pending.toString('latin1', 0, end);
    const rest = this.#pending.subarray(end + 2);
    this.#pending = Buffer.alloc(0);
    this.#command(line);
    return rest;
  }

  #receiveData(chunk: Buffer): Buffer | undefined {
    const message = this.#message ?? [];
    // The end mark may be cut by a packet border: search in the last bytes and the new ones together.
    const window = Buffer.concat([this.#tail, chunk]);
    const at = window.indexOf(END_OF_DATA);
    if (at < 0) {
      message.push(chunk);
      this.#tail = window.subarray(-(END_OF_DATA.length - 1));
      return undefined;
    }
    const consumed = at + END_OF_DATA.length - this.#tail.length;
    message.push(chunk.subarray(0, consumed));
    const wire = Buffer.concat(message);
    // The stream began with the CRLF of the DATA line, so that a lone dot at once is an empty message.
    this.#deliver({ ...this.#envelope, raw: unstuff(wire.subarray(2, wire.length - 3)) });
    this.#message = undefined;
    this.#reset();
    this.#socket.write('250 2.0.0 recorded\r\n');
    return chunk.subarray(consumed);
  }

  #reset(): void {
    this.#envelope = { from: '', parameters: [], recipients: [] };
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const path = PATH.exec(line);
    if (verb === 'EHLO') {
      this.#socket.write(
        '250-sink.test\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n',
      );
    } else if (verb === 'MAIL' && path !== null) {
      this.#reset();
      this.#envelope.from = path[1] ?? '';
      this.#envelope.parameters = (path[2] ?? '').split(' ').filter((word) => word !== '');
      this.#socket.write('250 2.1.0 sender\r\n');
    } else if (verb === 'RCPT' && path !== null) {
      this.#envelope.recipients.push(path[1] ?? '');
      this.#socket.write('250 2.1.5 recipient\r\n');
    } else if (verb === 'DATA') {
      this.#message = [Buffer.from('\r\n')];
      this.#tail = Buffer.from('\r\n');
      this.#socket.write('354 go on\r\n');
    } else if (verb === 'QUIT') {
      this.#socket.end('221 2.0.0 bye\r\n');
    } else if (verb === 'HELO' || verb === 'RSET' || verb === 'NOOP') {
      if (verb === 'RSET') this.#reset();
      this.#socket.write('250 2.0.0 ok\r\n');
    } else {
      this.#socket.write('502 5.5.1 unknown\r\n');
    }
  }
}

/** Starts the next hop on a free loopback port. */
export async function startSink(): Promise<Sink> {
  const deliveries: Delivery[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const session = new Session(socket, (delivery) => deliveries.push(delivery));
    socket.on('data', (chunk: Buffer) => session.receive(chunk));
    // An MTA that goes away in the middle has not delivered anything; there is nothing to record.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const to = (recipient: string): Delivery[] =>
    deliveries.filter((delivery) => delivery.recipients.includes(recipient));
  return {
    port: (server.address() as { port: number }).port,
    deliveries,
    to,
    next: (recipient, timeoutMs = 20_000) =>
      waitUntil(() => to(recipient)[0], {
        timeoutMs,
        describe: () => `nothing arrived for ${recipient} within ${timeoutMs} ms`,
      }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
