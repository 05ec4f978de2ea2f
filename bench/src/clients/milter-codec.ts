import type { BenchMessage } from '../message.ts';
import { splitHeader } from '../message.ts';

/** Event suppression and no-reply bits of the third word of the negotiation (milter protocol 6). */
export const protocolBits = {
  noConnect: 0x1,
  noHelo: 0x2,
  noMail: 0x4,
  noRcpt: 0x8,
  noBody: 0x10,
  noHeaders: 0x20,
  noEndOfHeaders: 0x40,
  noReplyHeaders: 0x80,
  noData: 0x200,
  noReplyConnect: 0x1000,
  noReplyHelo: 0x2000,
  noReplyMail: 0x4000,
  noReplyRcpt: 0x8000,
  noReplyData: 0x10000,
  noReplyEndOfHeaders: 0x40000,
  noReplyBody: 0x80000,
  leadingSpace: 0x100000,
} as const;

/** What Postfix offers with `milter_protocol = 6`. */
export const postfixOffer = { version: 6, actions: 0x1ff, protocol: 0x1fffff } as const;

/** Postfix cuts bodies into pieces of this size. */
const bodyChunkBytes = 65_535;

/** One packet: its command letter and what follows. */
export interface Packet {
  readonly command: string;
  readonly payload: Buffer;
}

/** Encodes a packet: 32-bit length of command and payload, command byte, payload. */
export function encodePacket(command: string, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const packet = Buffer.allocUnsafe(5 + payload.length);
  packet.writeUInt32BE(payload.length + 1, 0);
  packet.write(command, 4, 1, 'latin1');
  packet.set(payload, 5);
  return packet;
}

/** Encodes NUL-terminated strings, one character a byte. */
export function encodeStrings(...strings: readonly string[]): Buffer {
  return Buffer.from(strings.map((text) => `${text}\0`).join(''), 'latin1');
}

/** Encodes a macro packet for a stage; undefined values are left out, as MTAs do. */
export function encodeMacros(stage: string, macros: Readonly<Record<string, string | undefined>>): Buffer {
  const pairs = Object.entries(macros).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return encodePacket('D', Buffer.concat([Buffer.from(stage, 'latin1'), encodeStrings(...pairs)]));
}

/** Encodes the offer that opens a session. */
export function encodeOffer(offer: {
  readonly version: number;
  readonly actions: number;
  readonly protocol: number;
}): Buffer {
  const payload = Buffer.allocUnsafe(12);
  payload.writeUInt32BE(offer.version, 0);
  payload.writeUInt32BE(offer.actions, 4);
  payload.writeUInt32BE(offer.protocol, 8);
  return encodePacket('O', payload);
}

/** Cuts a byte stream into packets; bytes of an unfinished packet wait for the next call. */
export class PacketReader {
  #pending: Buffer = Buffer.alloc(0);

  /** @throws RangeError when a length is zero or larger than any reply of a filter. */
  push(chunk: Buffer): Packet[] {
    const bytes = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    const packets: Packet[] = [];
    let offset = 0;
    while (bytes.length - offset >= 4) {
      const length = bytes.readUInt32BE(offset);
      if (length < 1 || length > 0x0800_0000) throw new RangeError('bad packet length');
      if (bytes.length - offset - 4 < length) break;
      const command = bytes.toString('latin1', offset + 4, offset + 5);
      packets.push({ command, payload: bytes.subarray(offset + 5, offset + 4 + length) });
      offset += 4 + length;
    }
    this.#pending = bytes.subarray(offset);
    return packets;
  }
}

/** An event with its macros, as it goes over the wire. */
export interface MilterEvent {
  readonly command: string;
  readonly bytes: Buffer;
  /** Whether the filter sends an answer before the next event. */
  readonly replied: boolean;
}

const kinds = {
  connect: { command: 'C', skip: protocolBits.noConnect, noReply: protocolBits.noReplyConnect },
  helo: { command: 'H', skip: protocolBits.noHelo, noReply: protocolBits.noReplyHelo },
  mail: { command: 'M', skip: protocolBits.noMail, noReply: protocolBits.noReplyMail },
  rcpt: { command: 'R', skip: protocolBits.noRcpt, noReply: protocolBits.noReplyRcpt },
  data: { command: 'T', skip: protocolBits.noData, noReply: protocolBits.noReplyData },
  header: { command: 'L', skip: protocolBits.noHeaders, noReply: protocolBits.noReplyHeaders },
  endOfHeaders: {
    command: 'N',
    skip: protocolBits.noEndOfHeaders,
    noReply: protocolBits.noReplyEndOfHeaders,
  },
  body: { command: 'B', skip: protocolBits.noBody, noReply: protocolBits.noReplyBody },
  endOfMessage: { command: 'E', skip: 0, noReply: 0 },
} satisfies Record<string, EventKind>;

/** Joins events that need no answer with the next one that does, so that each piece is one write. */
function joinUnanswered(events: readonly MilterEvent[]): MilterEvent[] {
  const pieces: MilterEvent[] = [];
  let unsent: Buffer[] = [];
  for (const { command, bytes, replied } of events) {
    unsent.push(bytes);
    if (!replied) continue;
    pieces.push({ command, bytes: Buffer.concat(unsent), replied });
    unsent = [];
  }
  if (unsent.length > 0) pieces.push({ command: '', bytes: Buffer.concat(unsent), replied: false });
  return pieces;
}

interface EventKind {
  readonly command: string;
  /** Bit by which a filter does without the event. */
  readonly skip: number;
  /** Bit by which it says that it will not answer. */
  readonly noReply: number;
}

/** Writes the events of a session as Postfix does, for what a filter has negotiated. */
export class EventWriter {
  readonly #protocol: number;
  readonly #messages = new WeakMap<BenchMessage, MilterEvent[]>();

  /** @param protocol the protocol word of the filter's answer to the offer. */
  constructor(protocol: number) {
    this.#protocol = protocol;
  }

  #event(
    kind: EventKind,
    macros: Readonly<Record<string, string | undefined>>,
    payload?: Buffer,
  ): MilterEvent {
    const macroPacket = encodeMacros(kind.command, macros);
    // Postfix sends the macros of an event even where the filter does without the event itself.
    if (this.#protocol & kind.skip) return { command: kind.command, bytes: macroPacket, replied: false };
    const bytes = Buffer.concat([macroPacket, encodePacket(kind.command, payload)]);
    return { command: kind.command, bytes, replied: (this.#protocol & kind.noReply) === 0 };
  }

  /** Connection and HELO of a client. */
  connection(client: { readonly name: string; readonly ip: string; readonly helo: string }): MilterEvent[] {
    const family = client.ip.includes(':') ? '6' : '4';
    const port = Buffer.from([0xc0, 0x01]);
    const payload = Buffer.concat([
      encodeStrings(client.name),
      Buffer.from(family, 'latin1'),
      port,
      encodeStrings(client.ip),
    ]);
    const macros = {
      j: 'mx.example.com',
      '{daemon_name}': 'ORIGINATING',
      '{daemon_addr}': '192.0.2.25',
      v: 'Postfix 3.7.11',
      _: `${client.name} [${client.ip}]`,
    };
    return joinUnanswered([
      this.#event(kinds.connect, macros, payload),
      this.#event(kinds.helo, {}, encodeStrings(client.helo)),
    ]);
  }

  /** One message from MAIL to the end of its body. Encoded once, so that latencies hold no encoding. */
  message(message: BenchMessage, user: string | undefined): MilterEvent[] {
    let pieces = this.#messages.get(message);
    if (!pieces) {
      pieces = joinUnanswered(this.#encodeMessage(message, user));
      this.#messages.set(message, pieces);
    }
    return pieces;
  }

  #encodeMessage(message: BenchMessage, user: string | undefined): MilterEvent[] {
    const { sender, recipients, queueId, raw } = message;
    const i = { i: queueId };
    const mailMacros = {
      '{auth_type}': user === undefined ? undefined : 'PLAIN',
      '{auth_authen}': user,
      '{mail_addr}': sender,
      '{mail_host}': sender.slice(sender.lastIndexOf('@') + 1),
      '{mail_mailer}': 'smtp',
    };
    const events = [
      this.#event(kinds.mail, mailMacros, encodeStrings(`<${sender}>`, `SIZE=${raw.length}`)),
      ...recipients.map((address) => {
        const macros = {
          ...i,
          '{rcpt_addr}': address,
          '{rcpt_host}': address.slice(address.lastIndexOf('@') + 1),
          '{rcpt_mailer}': 'smtp',
        };
        return this.#event(kinds.rcpt, macros, encodeStrings(`<${address}>`));
      }),
      this.#event(kinds.data, i),
    ];
    const { fields } = splitHeader(raw.toString('latin1', 0, message.bodyOffset));
    for (const { name, value } of fields) {
      // Without LEADSPC one space, not a tab, behind the colon is dropped.
      const sent = this.#protocol & protocolBits.leadingSpace ? value : value.replace(/^ /, '');
      events.push(this.#event(kinds.header, i, encodeStrings(name, sent)));
    }
    events.push(this.#event(kinds.endOfHeaders, i));
    for (let offset = message.bodyOffset; offset < raw.length; offset += bodyChunkBytes) {
      events.push(this.#event(kinds.body, i, raw.subarray(offset, offset + bodyChunkBytes)));
    }
    events.push(this.#event(kinds.endOfMessage, i));
    return events;
  }
}
