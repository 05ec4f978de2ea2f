import {
  type Control,
  type FuzzyAnswer,
  type FuzzyControl,
  type FuzzySkip,
  StoreError,
} from '../../core/index.ts';
import { envelopeFromRequest } from '../envelope.ts';
import { headersOf, mistake } from './request.ts';
import type { Route, RouteContext, RouteRequest } from './route.ts';

/** How many hashes each storage holds; nothing while the store cannot be asked: the rest of the page is worth having. */
export async function fuzzyCounts(control: Control): Promise<Readonly<Record<string, number>>> {
  try {
    return (await control.fuzzy?.counts()) ?? {};
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return {};
  }
}

function fuzzyOf(control: Control): FuzzyControl {
  const { fuzzy } = control;
  if (!fuzzy) throw mistake(500, 'Module disabled');
  return fuzzy;
}

const skipHeaders: readonly (readonly [header: string, skip: FuzzySkip])[] = [
  ['skip-images', 'image'],
  ['skip-attachments', 'attachment'],
  ['skip-text', 'text'],
];

function isSet(value: string | undefined): boolean {
  return value !== undefined && /^(?:1|true|yes|on)$/i.test(value);
}

/** The flag that a request names as a number, or by its symbol. */
function flagOf(fuzzy: FuzzyControl, { argument }: RouteRequest): number {
  const text = argument('flag');
  const symbol = argument('symbol');
  const flag =
    text === undefined && symbol !== undefined
      ? fuzzy.rules.map(({ flags }) => flags[symbol]).find((found) => found !== undefined)
      : text !== undefined && /^\d{1,3}$/.test(text)
        ? Number(text)
        : undefined;
  if (flag === undefined || flag > 255) throw mistake(404, 'Unknown or missing flag');
  return flag;
}

function weightOf({ argument }: RouteRequest): number {
  const text = argument('weight');
  if (text === undefined) return 1;
  const weight = Number(text);
  if (!Number.isInteger(weight) || Math.abs(weight) > 0x7fff_ffff) throw mistake(400, 'Invalid weight');
  return weight;
}

function answerTo(answer: FuzzyAnswer, flag: number): object {
  switch (answer.kind) {
    case 'done':
      return { success: true, hashes: answer.hashes };
    case 'noRule':
      throw mistake(404, `No fuzzy rules matched for flag ${flag}`);
    case 'noHashes':
      throw mistake(404, 'No content to generate fuzzy');
    case 'unknown':
      throw mistake(404, `the message was not learned under flag ${flag}`);
    case 'refused':
      throw mistake(500, answer.reason);
  }
}

/** Teaching fuzzy storages (wire-protocols 1.11), and what the web page of Rspamd 4 asks of them. */
export function createFuzzyRoutes({ control }: RouteContext): readonly Route[] {
  const request = ({ http, body }: RouteRequest) => ({
    envelope: envelopeFromRequest(headersOf(http.raw), { door: 'controller' as const }),
    raw: body,
  });
  const teach = async (asked: RouteRequest, verb: 'add' | 'delete'): Promise<object> => {
    const fuzzy = fuzzyOf(control);
    const flag = flagOf(fuzzy, asked);
    if (asked.body.length === 0) throw mistake(400, 'Empty body is not permitted');
    const skip = new Set(
      skipHeaders.flatMap(([header, kind]) => (isSet(asked.argument(header)) ? [kind] : [])),
    );
    const lesson = { verb, flag, weight: weightOf(asked), skip };
    return answerTo(await fuzzy.teach(request(asked), lesson), flag);
  };
  const forget = async (asked: RouteRequest): Promise<object> => {
    const fuzzy = fuzzyOf(control);
    const flag = flagOf(fuzzy, asked);
    const hashes = headersOf(asked.http.raw).getAll('hash');
    const named = asked.argument('hash');
    const digests = hashes.length > 0 ? hashes : named === undefined ? [] : [named];
    return answerTo(await fuzzy.forget(flag, digests), flag);
  };
  const pluginOf = (): FuzzyControl => {
    if (!control.fuzzy) throw mistake(404, 'fuzzy_check is not enabled');
    return control.fuzzy;
  };
  return [
    { path: '/fuzzyadd', privilege: 'write', answer: (asked) => teach(asked, 'add') },
    { path: '/fuzzydel', privilege: 'write', answer: (asked) => teach(asked, 'delete') },
    { path: '/fuzzydelhash', privilege: 'write', answer: forget },
    {
      path: '/plugins/fuzzy/storages',
      privilege: 'read',
      answer: () => ({
        success: true,
        storages: Object.fromEntries(
          pluginOf().rules.map(({ name, isReadOnly, servers, flags }) => [
            name,
            { read_only: isReadOnly, servers: servers.join(','), flags },
          ]),
        ),
      }),
    },
    {
      path: '/plugins/fuzzy/hashes',
      privilege: 'write',
      answer: async (asked) => {
        if (asked.body.length === 0) throw mistake(400, 'Empty body is not permitted');
        return { success: true, hashes: await pluginOf().hashes(request(asked)) };
      },
    },
  ];
}
