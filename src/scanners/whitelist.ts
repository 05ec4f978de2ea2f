import type { MapHandle, Task } from '../core/index.ts';
import type { ScannerContext } from './scanner.ts';

/** Senders, contents and threats that a rule leaves alone. */
export class Whitelist {
  readonly #map: MapHandle;

  /** @throws ConfigError when the option is no map */
  constructor(family: string, key: string, spec: unknown, { maps, path }: ScannerContext) {
    this.#map = maps.open(spec, 'set', {
      description: `${family}: whitelist of ${key}`,
      path: path(key, 'whitelist'),
    });
  }

  async has(text: string, signal: AbortSignal): Promise<boolean> {
    const found = this.#map.isExternal ? await this.#map.ask(text, signal) : this.#map.lookup(text);
    return found !== undefined;
  }

  /** Is the domain of the envelope's sender listed? */
  async hasSender({ envelope }: Task, signal: AbortSignal): Promise<boolean> {
    const domain = envelope.sender?.domain;
    return domain ? this.has(domain, signal) : false;
  }
}
