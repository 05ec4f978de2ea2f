import { parseNetwork } from '../../lib/index.ts';

/** What is known about the network of an address. */
export interface NetworkInfo {
  /** Number of the autonomous system, decimal. */
  readonly asn?: string | undefined;
  /** Network as the source has it, `192.0.2.0/24`. */
  readonly network?: string | undefined;
  /** ISO 3166 code of two letters, upper case. */
  readonly country?: string | undefined;
}

/** RFC 6793: 32 bits. */
export function asnText(value: string): string | undefined {
  return /^\d{1,10}$/.test(value) && Number(value) <= 0xffff_ffff ? String(Number(value)) : undefined;
}

export function countryText(value: string): string | undefined {
  return /^[A-Za-z]{2}$/.test(value) ? value.toUpperCase() : undefined;
}

/** Reads `15169|8.8.8.0/24|US|arin|…`; what is not well-formed is left out. */
export function parseTxtInfo(text: string): NetworkInfo {
  const [asn = '', network = '', country = ''] = text.split('|', 4).map((field) => field.trim());
  return {
    // Networks with several origins name them with blanks between.
    asn: asnText(asn.split(' ', 1)[0]!),
    network: parseNetwork(network) && network,
    country: countryText(country),
  };
}
