import { UpstreamError } from '../../core/index.ts';
import {
  icapOptions,
  type Scanner,
  type ScannerType,
  type ScanResult,
  threatText,
} from '../../scanners/index.ts';
import { extendedOption, type ServiceOptions } from './options.ts';

/** What olevba says a finding is, and its letter among the flags. */
const letters: Readonly<Record<string, string>> = {
  AutoExec: 'A',
  Suspicious: 'S',
  IOC: 'I',
  'Hex String': 'H',
  'Base64 String': 'B',
  'Dridex String': 'D',
  'VBA string': 'V',
};

const maxFindings = 500;
const maxNamed = 20;
const maxNameLength = 64;
/** Exit codes of olevba: the content could not be opened or read, which will not change; it is encrypted. */
const openError = 5;
const parseError = 6;
const encrypted = 9;
const maxGood = 1;

interface Finding {
  readonly type: string;
  readonly keyword: string;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function findingsOf(file: Json): readonly Finding[] {
  const { analysis } = file;
  if (!Array.isArray(analysis)) return [];
  return analysis.slice(0, maxFindings).flatMap((found: unknown) => {
    if (!isObject(found) || typeof found['type'] !== 'string') return [];
    const keyword = typeof found['keyword'] === 'string' ? found['keyword'] : '';
    return [{ type: found['type'], keyword: threatText(keyword).slice(0, maxNameLength) }];
  });
}

/**
 * Reads the list in JSON that olefy hands on from olevba: about itself, about each file, how it ended.
 *
 * @throws UpstreamError when it is none, or another attempt may go better
 */
export function olefyResult(reply: string, extended: ServiceOptions['extended']): ScanResult {
  let list: unknown;
  try {
    list = JSON.parse(reply);
  } catch (cause) {
    throw new UpstreamError('no reply of olefy', { cause });
  }
  if (!Array.isArray(list)) throw new UpstreamError('no reply of olefy');
  const objects = (list as readonly unknown[]).filter(isObject);
  const error = objects[0]?.['error'];
  if (typeof error === 'string') {
    if (error === 'File too small') return { kind: 'clean' };
    throw new UpstreamError(`olefy: ${threatText(error)}`);
  }
  const code = objects.map((object) => object['return_code']).find((value) => typeof value === 'number');
  if (code === encrypted) return { kind: 'encrypted', threats: ['File is encrypted'] };
  if (code === openError || code === parseError)
    return { kind: 'fail', threats: [`olevba ended with ${code}`] };
  if (code !== undefined && code > maxGood) throw new UpstreamError(`olevba ended with ${code}`);
  const files = objects.filter((object) => 'analysis' in object || 'macros' in object);
  if (files.length === 0) throw new UpstreamError('olefy said nothing of the file');
  const hasMacros = files.some(({ macros }) => Array.isArray(macros) && macros.length > 0);
  return judge(files.flatMap(findingsOf), hasMacros, extended);
}

function judge(
  findings: readonly Finding[],
  hasMacros: boolean,
  extended: ServiceOptions['extended'],
): ScanResult {
  const types = new Set(findings.map(({ type }) => type));
  const named = findings
    .filter(({ type, keyword }) => (type === 'AutoExec' || type === 'Suspicious') && keyword !== '')
    .map(({ keyword }) => keyword);
  const keywords = [...new Set(named)].slice(0, maxNamed);
  if (!extended) {
    // Macros that only run by themselves, or only do odd things, stand in too many honest documents.
    if (!types.has('AutoExec') || !types.has('Suspicious')) return { kind: 'clean' };
    return { kind: 'found', threats: [`AutoExec + Suspicious (${keywords.join(',')})`] };
  }
  const flags =
    (hasMacros ? 'M' : '-') +
    Object.entries(letters)
      .map(([type, letter]) => (types.has(type) ? letter : '-'))
      .join('');
  return findings.length === 0 ? { kind: 'clean' } : { kind: 'found', threats: [flags, ...keywords] };
}

function scanner({ extended, default_score: weight }: ServiceOptions): Scanner {
  return {
    transport: 'plain',
    maxReplyBytes: 4_194_304,
    failure: (reason) => `failed to scan: ${reason}`,
    async scan(connect, _host, content, task) {
      const connection = await connect();
      try {
        const id = task.id.replaceAll(/[^\w-]/g, '');
        await connection.write(Buffer.from(`OLEFY/1.0\nMethod: oletools\nRspamd-ID: ${id}\n\n`, 'latin1'));
        await connection.write(content);
        connection.end();
        // The list is followed by a mark that ends it on connections that stay open.
        const reply = Buffer.from(await connection.readToEnd(), 'latin1').toString('utf8');
        const result = olefyResult(reply.replace(/\t\n\n\t$/, ''), extended);
        return result.kind === 'found' ? { ...result, weight } : result;
      } finally {
        connection.close();
      }
    },
  };
}

/** oletools: what macros of office documents do. Asked through olefy. */
export const oletoolsType: ScannerType<ServiceOptions> = {
  port: 10_050,
  timeoutSeconds: 15,
  cacheSeconds: 86_400,
  symbol: 'OLETOOLS',
  score: 1,
  weighs: true,
  words: 'Oletools threat message found',
  ownOptions: { ...extendedOption, default_score: icapOptions.default_score },
  defaults: { symbol_type: 'postfilter', dynamic_scan: true, min_size: 500 },
  create: scanner,
};
