import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

/** Record types the server knows, with their codes. */
const codes = { a: 1, ns: 2, cname: 5, soa: 6, ptr: 12, mx: 15, txt: 16, aaaa: 28 } as const;
export type ZoneType = keyof typeof codes;

/**
 * Records by owner name and type: `{ 'example.com': { mx: ['10 mx.example.com'], txt: ['v=spf1 -all'] } }`. A text
 * may start with its TTL in brackets: `[60] 192.0.2.1`; default 300.
 */
export type Zone = Readonly<Record<string, Partial<Record<ZoneType, readonly string[]>>>>;

/** What the server does wrong for a name. */
export type Misbehaviour =
  /** Says nothing. */
  | 'drop'
  /** Drops the first question for the name, answers the next. */
  | 'drop-once'
  /** Sets TC over UDP and answers in full over TCP. */
  | 'truncate'
  | 'servfail'
  | 'refused'
  /** Answers FORMERR to a question with EDNS. */
  | 'no-edns'
  /** A header and question that fit, then rubbish. */
  | 'garbage'
  /** An answer whose owner name points at itself. */
  | 'pointer-loop'
  /** Claims 65535 answers and holds one. */
  | 'huge-count'
  /** Sends an answer with a wrong id and one to another question first, then the true one. */
  | 'forged-first'
  /** Answers after 50 ms. */
  | 'slow';

export interface AskedQuestion {
  readonly name: string;
  readonly type: ZoneType | number;
  readonly transport: 'udp' | 'tcp';
  readonly hasEdns: boolean;
}

export interface TestDnsServer {
  /** `127.0.0.1:port`, for `nameservers`. */
  readonly address: string;
  readonly port: number;
  readonly asked: readonly AskedQuestion[];
  /** Replaces the zone. */
  setZone(zone: Zone): void;
  misbehave(name: string, how: Misbehaviour): void;
  close(): Promise<void>;
}

/**
 * An authoritative server on loopback, UDP and TCP on one port. Unknown names are NXDOMAIN, known ones without the
 * type NODATA, both with a SOA of `negativeTtl` (default 60) seconds.
 */
export async function startDnsServer(
  zone: Zone,
  options: {
    readonly negativeTtl?: number;
    readonly misbehaviour?: Readonly<Record<string, Misbehaviour>>;
  } = {},
): Promise<TestDnsServer> {
  const state: ServerState = {
    zone: lowerKeys(zone),
    negativeTtl: options.negativeTtl ?? 60,
    misbehaviour: new Map(Object.entries(options.misbehaviour ?? {})),
    asked: [],
  };
  const { udp, tcp, port } = await listen();
  udp.on('message', (query, from) => {
    for (const { bytes, afterMs } of answersTo(state, query, 'udp'))
      setTimeout(() => udp.send(bytes, from.port, from.address), afterMs);
  });
  tcp.on('connection', (socket) => {
    let buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk as Buffer]);
      while (buffer.length >= 2 && buffer.length >= 2 + buffer.readUInt16BE(0)) {
        const end = 2 + buffer.readUInt16BE(0);
        for (const { bytes } of answersTo(state, buffer.subarray(2, end), 'tcp')) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(bytes.length);
          socket.write(Buffer.concat([length, bytes]));
        }
        buffer = buffer.subarray(end);
      }
    });
  });
  return {
    address: `127.0.0.1:${port}`,
    port,
    asked: state.asked,
    setZone: (next) => {
      state.zone = lowerKeys(next);
    },
    misbehave: (name, how) => state.misbehaviour.set(name, how),
    async close() {
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

interface ServerState {
  zone: Zone;
  readonly negativeTtl: number;
  readonly misbehaviour: Map<string, Misbehaviour>;
  readonly asked: AskedQuestion[];
}

function lowerKeys(zone: Zone): Zone {
  return Object.fromEntries(Object.entries(zone).map(([name, records]) => [name.toLowerCase(), records]));
}

/** UDP and TCP have to share a port, and either may be taken. */
async function listen(): Promise<{ udp: Socket; tcp: Server; port: number }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    const { port } = udp.address();
    const tcp = createServer();
    const isBound = await new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false));
      tcp.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (isBound) return { udp, tcp, port };
    udp.close();
  }
  throw new Error('no port is free for UDP and TCP');
}

function answersTo(
  state: ServerState,
  query: Buffer,
  transport: 'udp' | 'tcp',
): { bytes: Buffer; afterMs: number }[] {
  if (query.length < 17) return [];
  const { name, end } = readName(query);
  const typeCode = query.readUInt16BE(end);
  const type = (Object.keys(codes) as ZoneType[]).find((key) => codes[key] === typeCode) ?? typeCode;
  const hasEdns = query.readUInt16BE(10) > 0;
  state.asked.push({ name, type, transport, hasEdns });
  const question = query.subarray(12, end + 4);
  const reply = (parts: Partial<ReplyParts>): Buffer =>
    encodeReply({ id: query.readUInt16BE(0), question, rcode: 0, answers: [], authorities: [], ...parts });
  const honest = (): Buffer => reply(lookup(state, name, type));
  const now = (bytes: Buffer) => [{ bytes, afterMs: 0 }];

  switch (state.misbehaviour.get(name)) {
    case 'drop':
      return [];
    case 'drop-once':
      state.misbehaviour.delete(name);
      return [];
    case 'truncate':
      return now(transport === 'udp' ? reply({ isTruncated: true }) : honest());
    case 'servfail':
      return now(reply({ rcode: 2 }));
    case 'refused':
      return now(reply({ rcode: 5 }));
    case 'no-edns':
      return now(hasEdns ? reply({ rcode: 1 }) : honest());
    case 'garbage':
      return now(Buffer.concat([reply({ answerCount: 3 }), Buffer.from([0x07, 0xff, 0xff, 0x01, 0xc0])]));
    case 'pointer-loop': {
      const header = reply({ answerCount: 1 });
      const loop = Buffer.from([0xc0 | (header.length >> 8), header.length & 255]);
      return now(Buffer.concat([header, loop, Buffer.from([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1])]));
    }
    case 'huge-count': {
      const bytes = honest();
      bytes.writeUInt16BE(65535, 6);
      return now(bytes);
    }
    case 'forged-first': {
      const wrongId = Buffer.from(honest());
      wrongId.writeUInt16BE((wrongId.readUInt16BE(0) + 1) & 0xffff, 0);
      const otherQuestion = Buffer.from(honest());
      otherQuestion[13] = otherQuestion[13]! ^ 1;
      return [wrongId, otherQuestion, honest()].map((bytes, index) => ({ bytes, afterMs: index }));
    }
    case 'slow':
      return [{ bytes: honest(), afterMs: 50 }];
    case undefined:
      return now(honest());
  }
}

interface ReplyParts {
  readonly id: number;
  readonly question: Buffer;
  readonly rcode: number;
  readonly isTruncated?: boolean;
  readonly answers: readonly Buffer[];
  readonly authorities: readonly Buffer[];
  /** Count in the header when it is to be a lie. */
  readonly answerCount?: number;
}

function encodeReply(parts: ReplyParts): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(parts.id, 0);
  header[2] = 0x85 | (parts.isTruncated ? 2 : 0);
  header[3] = 0x80 | parts.rcode;
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(parts.answerCount ?? parts.answers.length, 6);
  header.writeUInt16BE(parts.authorities.length, 8);
  return Buffer.concat([header, parts.question, ...parts.answers, ...parts.authorities]);
}

function lookup(
  state: ServerState,
  name: string,
  type: ZoneType | number,
): Pick<ReplyParts, 'rcode' | 'answers' | 'authorities'> {
  const answers: Buffer[] = [];
  let owner = name;
  for (let hops = 0; hops < 8; hops++) {
    const node = state.zone[owner];
    const found = typeof type === 'string' ? node?.[type] : undefined;
    if (found) {
      for (const text of found) answers.push(encodeRecord(owner, type as ZoneType, text));
      return { rcode: 0, answers, authorities: [] };
    }
    const alias = node?.cname?.[0];
    if (alias === undefined) {
      const minimum = state.negativeTtl;
      const soa = encodeRecord(
        'zone.test',
        'soa',
        `[${minimum}] ns.zone.test admin.zone.test 1 2 3 4 ${minimum}`,
      );
      return { rcode: node ? 0 : 3, answers, authorities: [soa] };
    }
    answers.push(encodeRecord(owner, 'cname', alias));
    owner = splitTtl(alias).text.toLowerCase();
    // An alias out of this server's zone: the resolver has to go on by itself.
    if (!state.zone[owner]) return { rcode: 0, answers, authorities: [] };
  }
  return { rcode: 2, answers: [], authorities: [] };
}

function splitTtl(text: string): { ttl: number; text: string } {
  const parts = /^\[(\d+)\]\s*([\s\S]*)$/.exec(text);
  return parts ? { ttl: Number(parts[1]), text: parts[2]! } : { ttl: 300, text };
}

function encodeRecord(owner: string, type: ZoneType, value: string): Buffer {
  const { ttl, text } = splitTtl(value);
  const data = encodeData(type, text);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(codes[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(owner), fixed, data]);
}

function encodeData(type: ZoneType, text: string): Buffer {
  switch (type) {
    case 'a':
      return Buffer.from(text.split('.').map(Number));
    case 'aaaa':
      return encodeV6(text);
    case 'mx': {
      const [preference = '0', host = ''] = text.split(' ');
      return Buffer.concat([uint16(Number(preference)), encodeName(host)]);
    }
    case 'txt': {
      const bytes = Buffer.from(text);
      const pieces: Buffer[] = [];
      for (let at = 0; at === 0 || at < bytes.length; at += 255) {
        const piece = bytes.subarray(at, at + 255);
        pieces.push(Buffer.from([piece.length]), piece);
      }
      return Buffer.concat(pieces);
    }
    case 'soa': {
      const [mname = '', rname = '', ...numbers] = text.split(' ');
      const tail = Buffer.alloc(20);
      for (const [index, number] of numbers.entries()) tail.writeUInt32BE(Number(number), index * 4);
      return Buffer.concat([encodeName(mname), encodeName(rname), tail]);
    }
    default:
      return encodeName(text);
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function encodeV6(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = new Array<number>(8 - left.length - right.length).fill(0);
  return Buffer.concat([...left, ...middle, ...right].map(uint16));
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  while (query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    at += query[at]! + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
