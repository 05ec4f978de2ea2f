import dgram from 'node:dgram';
import { ConfigError, type Log, type WorkerBase } from '../core/index.ts';
import { isAddressMissing, socketGroups } from './listeners.ts';

/** Hands over a datagram, with the way to answer it. */
export type HandleDatagram = (bytes: Buffer, address: string, send: (reply: Buffer) => void) => void;

/** The UDP sockets of one process, kept open over reloads as long as the configuration wants them. */
export class DatagramSet {
  readonly #log: Log;
  readonly #handle: HandleDatagram;
  #open = new Map<string, dgram.Socket>();

  constructor(log: Log, handle: HandleDatagram) {
    this.#log = log;
    this.#handle = handle;
  }

  /**
   * Opens what is missing and closes what nobody wants any more.
   *
   * @param worker undefined: none
   * @throws ConfigError when a socket cannot be opened; then what was open stays open
   */
  async update(worker: WorkerBase | undefined): Promise<void> {
    const wanted = new Map<string, dgram.Socket>();
    try {
      for (const group of worker ? socketGroups(worker) : []) {
        let missing: unknown;
        let opened = 0;
        for (const { host, port = 0, text } of group) {
          const place = `${host ?? '*'}:${port}`;
          try {
            wanted.set(place, this.#open.get(place) ?? (await this.#bind(host, port, text)));
            opened++;
          } catch (error) {
            if (!isAddressMissing(error)) throw error;
            missing = error;
          }
        }
        if (opened === 0) throw missing;
      }
    } catch (error) {
      for (const [place, socket] of wanted) if (!this.#open.has(place)) socket.close();
      throw error;
    }
    for (const [place, socket] of this.#open) if (!wanted.has(place)) socket.close();
    this.#open = wanted;
  }

  close(): void {
    for (const socket of this.#open.values()) socket.close();
    this.#open.clear();
  }

  async #bind(host: string | undefined, port: number, text: string): Promise<dgram.Socket> {
    const isWild = host === undefined || host === '*';
    const type = isWild || host.includes(':') ? 'udp6' : 'udp4';
    // Else `[::]:N` would take the port from a `0.0.0.0:N` beside it.
    const socket = dgram.createSocket({ type, ipv6Only: type === 'udp6' && !isWild });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) =>
        reject(
          new ConfigError({ message: `cannot listen on ${text} (UDP): ${error.message}` }, { cause: error }),
        ),
      );
      // Only this process has it: the primary would hand datagrams to whoever asks.
      socket.bind({ port, address: isWild ? '::' : host, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) =>
      this.#log.error('UDP socket failed', { socket: text, error: error.message }),
    );
    socket.on('message', (bytes, { address, port: peerPort }) =>
      this.#handle(bytes, address, (reply) =>
        socket.send(reply, peerPort, address, (error) => {
          if (error) this.#log.debug('a reply was not sent', { error: error.message });
        }),
      ),
    );
    return socket;
  }
}
