import { createSocket } from 'node:dgram';

/**
 * Answers a DNS question with NXDOMAIN (RFC 1035 4.1.1): header turned round, question repeated, nothing else.
 *
 * @returns undefined for what is not a query with one question; such datagrams get no answer.
 */
export function nxdomainAnswer(query: Buffer): Buffer | undefined {
  const isResponse = query.length >= 12 && (query[2]! & 0x80) !== 0;
  if (query.length < 17 || isResponse || query.readUInt16BE(4) !== 1) return undefined;
  let end = 12;
  while (end < query.length && query[end] !== 0) {
    if (query[end]! > 63) return undefined; // compression has no place in the only name (4.1.4)
    end += query[end]! + 1;
  }
  end += 5; // root label, type, class
  if (end > query.length) return undefined;
  const answer = Buffer.from(query.subarray(0, end));
  const recursionDesired = query[2]! & 0x01;
  answer[2] = 0x80 | (query[2]! & 0x78) | recursionDesired; // QR, opcode, RD
  answer[3] = 0x83; // RA, RCODE 3 (name error)
  answer.fill(0, 6, 12); // no answers, authorities or additional records (an OPT record included)
  return answer;
}

/** A running DNS server. */
export interface DnsServer {
  readonly port: number;
  stop(): void;
}

/** Serves NXDOMAIN on a free UDP port of 127.0.0.1. */
export function serveNxdomain(): Promise<DnsServer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('error', reject);
    socket.on('message', (query, peer) => {
      const answer = nxdomainAnswer(query);
      if (answer) socket.send(answer, peer.port, peer.address);
    });
    socket.bind(0, '127.0.0.1', () => resolve({ port: socket.address().port, stop: () => socket.close() }));
  });
}
