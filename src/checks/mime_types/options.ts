import { z } from 'zod';
import {
  archiveExceptions,
  archiveExtensions,
  badArchiveExtensions,
  badExtensions,
  extensionTypes,
} from './lists.ts';

const mapValue = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

const lowerKeys = <Value>(table: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(table).map(([key, value]) => [key.toLowerCase().replace(/^\./, ''), value]),
  );

export const weightTable = z
  .union([
    z.record(z.string(), z.union([z.number(), z.boolean()])),
    z.array(z.string()).transform((list) => Object.fromEntries(list.map((key) => [key, 1]))),
  ])
  .transform((table) =>
    lowerKeys(Object.fromEntries(Object.entries(table).map(([key, value]) => [key, Number(value)]))),
  );

/** A table that adds to the one that is built in. */
const added = (builtIn: Readonly<Record<string, number>>, description: string) =>
  weightTable
    .default({})
    .transform((own) => ({ ...builtIn, ...own }))
    .describe(`${description} Added to those built in; 0 takes one out`);

const symbol = (name: string) => z.string().default(name).describe(`Name of \`${name}\``);

export const config = z.strictObject({
  file: mapValue
    .optional()
    .describe(
      'List of media types with values: negative is good, 0 neutral, positive bad. Beats the list built in',
    ),
  regexp: z.boolean().default(false).describe('Keys of `file` are regular expressions'),
  extension_map: z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .default({})
    .transform((own) => ({ ...extensionTypes, ...lowerKeys(own) }))
    .describe('Media types that files of an extension must have, one or a list. Added to those built in'),
  other_extensions_mult: z
    .number()
    .default(0.4)
    .describe('Weight of `MIME_BAD_ATTACHMENT` for extensions that are not in `extension_map`'),
  bad_extensions: added(badExtensions, 'Weights of extensions that should not come by mail.'),
  bad_archive_extensions: added(badArchiveExtensions, 'The same for the only file of an archive.'),
  archive_extensions: added(archiveExtensions, 'Extensions of archives that do not belong into another one.'),
  archive_exceptions: added(archiveExceptions, 'Extensions of files whose members are of no interest.'),
  filename_whitelist: mapValue.optional().describe('Expressions for names of files that are not judged'),
  symbol_unknown: symbol('MIME_UNKNOWN'),
  symbol_bad: symbol('MIME_BAD'),
  symbol_good: symbol('MIME_GOOD'),
  symbol_attachment: symbol('MIME_BAD_ATTACHMENT'),
  symbol_encrypted_archive: symbol('MIME_ENCRYPTED_ARCHIVE'),
  symbol_obfuscated_archive: symbol('MIME_OBFUSCATED_ARCHIVE'),
  symbol_exe_in_gen_split_rar: symbol('MIME_EXE_IN_GEN_SPLIT_RAR'),
  symbol_archive_in_archive: symbol('MIME_ARCHIVE_IN_ARCHIVE'),
  symbol_double_extension: symbol('MIME_DOUBLE_BAD_EXTENSION'),
  symbol_bad_extension: symbol('MIME_BAD_EXTENSION'),
  symbol_bad_unicode: symbol('MIME_BAD_UNICODE'),
});
export type Config = z.output<typeof config>;
