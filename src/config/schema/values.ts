import { z } from 'zod';

/** Building blocks of the schemas of core sections. Times are seconds, as UCL makes them. */
export const seconds = z.number().nonnegative();
export const count = z.int().nonnegative();
/** Texts; a single one is a list of one. */
export const texts = z.array(z.string());
/** Texts as a list, or in one text with commas. */
export const commaList = z.array(z.string()).transform((list) =>
  list
    .flatMap((text) => text.split(/[,;]/))
    .map((text) => text.trim())
    .filter((t) => t !== ''),
);
/** Value of an option that names a map (config-format 7.3); the room `maps` understands it. */
export const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

export function toMs(value: number): number {
  return Math.round(value * 1000);
}
