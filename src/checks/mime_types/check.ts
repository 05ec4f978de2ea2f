import { type DynamicSymbol, defineCheck } from '../../core/index.ts';
import { Judge } from './judge.ts';
import { config } from './options.ts';

export const mimeTypes = defineCheck({
  name: 'mime_types',
  summary: 'Judges files by name, by declared type and by what their bytes say, in archives too.',
  details: [
    'Mail of every direction is looked at: every part for its media type, every part with a name for that, and archives for',
    'what they hold, up to three levels deep (zip, rar, 7z, tar, gz, iso, udf, cab, arj; of bz2, xz, lzip, zstd and compress',
    'only that there is a file inside). Nothing is unpacked but packed directories, the beginning of compressed tars and archives',
    'within archives: 1,000 members, 20 archives within others and 16 MiB for a message; a list that was cut gives',
    '`MIME_ARCHIVE_CUT`.',
    '',
    'Types: `file` is asked first, then a list that is built in. Where bytes contradict the declared type the worse of both',
    'counts, times 1.5 if it is bad. `application/octet-stream` says nothing (RFC 2046 4.5.1) and contradicts nothing.',
    '',
    '`MIME_BAD_EXTENSION` has the weight of the extension; for the only file of an archive that of `bad_archive_extensions`',
    'first. A file whose bytes are a program or a script is also judged as one, whatever its name. Two extensions, the last',
    'bad and the other that of ordinary files, give `MIME_DOUBLE_BAD_EXTENSION` instead, and so does (with weight 2) the',
    'only file of an archive that is bad where the archive’s name promises another. `MIME_ENCRYPTED_ARCHIVE` weighs 0.5 where',
    'the directory of an archive cannot be read.',
    '',
    '`MIME_BAD_UNICODE` leaves alone: joiners in scripts and pictures that need them, marks of direction in names from right',
    'to left, and the narrow blank that macOS puts into names.',
    '',
    'Settings may bring tables of their own: `apply { plugins { mime_types { bad_extensions { … } bad_archive_extensions { … } } } }`.',
  ].join('\n'),
  group: 'mime_types',
  stage: 'filter',
  direction: 'both',
  needs: ['parts'],
  config,
  symbols: {
    MIME_GOOD: { score: -0.1, description: 'The media type is a usual one', oneShot: true },
    MIME_BAD: { score: 1, description: 'The media type is one that should not come by mail', oneShot: true },
    MIME_UNKNOWN: { score: 0.1, description: 'The media type is not known', oneShot: true },
    MIME_BAD_ATTACHMENT: {
      score: 4,
      description: 'A file is not declared as what its name says',
      oneShot: true,
    },
    MIME_BAD_EXTENSION: {
      score: 2,
      description: 'A file, perhaps in an archive, is of a dangerous kind',
      oneShot: true,
    },
    MIME_DOUBLE_BAD_EXTENSION: {
      score: 3,
      description: 'A file of a dangerous kind has the name of another kind',
      oneShot: true,
    },
    MIME_BAD_UNICODE: {
      score: 2,
      description: 'A file name has characters that hide or turn others',
      oneShot: true,
      ref: 'UTS 39',
    },
    MIME_ENCRYPTED_ARCHIVE: {
      score: 2,
      description: 'An archive needs a password, or cannot be read',
      oneShot: true,
    },
    MIME_OBFUSCATED_ARCHIVE: {
      score: 2,
      description: 'An archive has unreadable names, or contradicts itself',
      oneShot: true,
    },
    MIME_ARCHIVE_IN_ARCHIVE: { score: 5, description: 'There is an archive in an archive', oneShot: true },
    MIME_EXE_IN_GEN_SPLIT_RAR: {
      score: 5,
      description: 'There is a program in a RAR archive that is named like a volume of another',
      oneShot: true,
    },
    MIME_ARCHIVE_CUT: {
      description: 'An archive holds more than was looked at',
      oneShot: true,
    },
  },
  create({ config: options, maps, path, rename }) {
    const types =
      options.file === undefined
        ? undefined
        : maps.open(options.file, options.regexp ? 'regexp' : 'hash', {
            description: 'media types',
            path: path('file'),
          });
    const whitelist =
      options.filename_whitelist === undefined
        ? undefined
        : maps.open(options.filename_whitelist, 'regexp', {
            description: 'file names that are not judged',
            path: path('filename_whitelist'),
          });
    const symbols: Record<keyof typeof names, DynamicSymbol> = {
      good: rename(names.good, options.symbol_good),
      bad: rename(names.bad, options.symbol_bad),
      unknown: rename(names.unknown, options.symbol_unknown),
      attachment: rename(names.attachment, options.symbol_attachment),
      extension: rename(names.extension, options.symbol_bad_extension),
      doubleExtension: rename(names.doubleExtension, options.symbol_double_extension),
      unicode: rename(names.unicode, options.symbol_bad_unicode),
      encrypted: rename(names.encrypted, options.symbol_encrypted_archive),
      obfuscated: rename(names.obfuscated, options.symbol_obfuscated_archive),
      inArchive: rename(names.inArchive, options.symbol_archive_in_archive),
      exeInRar: rename(names.exeInRar, options.symbol_exe_in_gen_split_rar),
      cut: rename(names.cut, names.cut),
    };
    const judge = new Judge(options, types, whitelist);
    return (task, hit) => {
      for (const { finding, weight, options: reasons } of judge.judge(task))
        hit(symbols[finding], weight, ...reasons);
    };
  },
});

const names = {
  good: 'MIME_GOOD',
  bad: 'MIME_BAD',
  unknown: 'MIME_UNKNOWN',
  attachment: 'MIME_BAD_ATTACHMENT',
  extension: 'MIME_BAD_EXTENSION',
  doubleExtension: 'MIME_DOUBLE_BAD_EXTENSION',
  unicode: 'MIME_BAD_UNICODE',
  encrypted: 'MIME_ENCRYPTED_ARCHIVE',
  obfuscated: 'MIME_OBFUSCATED_ARCHIVE',
  inArchive: 'MIME_ARCHIVE_IN_ARCHIVE',
  exeInRar: 'MIME_EXE_IN_GEN_SPLIT_RAR',
  cut: 'MIME_ARCHIVE_CUT',
} as const;
