import { readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Reader, type Response } from 'mmdb-lib';
import type { Log } from '../../core/index.ts';
import { type IpAddress, maskIp } from '../../lib/index.ts';
import { asnText, countryText, type NetworkInfo } from './network-info.ts';

/** One database file, read whole. A new version takes its place; one that cannot be read does not. */
export class AddressDatabase {
  readonly path: string;
  readonly #log: Log;
  #reader: Reader<Response> | undefined;
  #version = '';

  constructor(path: string, log: Log) {
    this.path = path;
    this.#log = log;
  }

  /** @returns what is wrong with the file; undefined when it was read */
  loadNow(): string | undefined {
    try {
      this.#version = versionOf(statSync(this.path));
      this.#take(readFileSync(this.path));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Reads the file again when it changed. */
  async refresh(): Promise<void> {
    try {
      const version = versionOf(await stat(this.path));
      if (version === this.#version) return;
      // Remembered before it is read, so that a broken file is complained about once.
      this.#version = version;
      this.#take(await readFile(this.path));
      this.#log.info('database read again', { path: this.path });
    } catch (error) {
      if (this.#version === '') return;
      this.#version = '';
      this.#log.warn('a database cannot be read, the last good one stays', {
        path: this.path,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** @returns undefined when the database does not know the address; what it does not say is left out */
  find(ip: IpAddress): NetworkInfo | undefined {
    const [record, prefixLength] = this.#reader?.getWithPrefixLength(ip.text) ?? [null, 0];
    if (record === null || typeof record !== 'object') return undefined;
    const fields = record as Readonly<Record<string, unknown>>;
    return {
      asn: asnText(text(fields['autonomous_system_number'] ?? fields['asn']).replace(/^AS/i, '')),
      country: countryText(text(isoCode(fields['country']) ?? fields['country_code'])),
      network: `${maskIp(ip, prefixLength).text}/${prefixLength}`,
    };
  }

  #take(bytes: Buffer): void {
    this.#reader = new Reader<Response>(bytes);
  }
}

function versionOf({ mtimeMs, size, ino }: Stats): string {
  return `${mtimeMs}:${size}:${ino}`;
}

/** `country { iso_code }` of MaxMind and DB-IP, or the code itself. */
function isoCode(country: unknown): unknown {
  return typeof country === 'object' && country !== null && 'iso_code' in country
    ? country.iso_code
    : country;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
