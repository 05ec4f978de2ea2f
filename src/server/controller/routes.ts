import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Control, MapHandle } from '../../core/index.ts';
import { PosternError, renderHistoryRow } from '../../core/index.ts';
import { envelopeFromRequest } from '../envelope.ts';
import { createFuzzyRoutes, fuzzyCounts } from './fuzzy-routes.ts';
import { createLearnRoutes, learnedClasses } from './learn-routes.ts';
import { createLimitsRoutes } from './limits-routes.ts';
import { headersOf, mistake, parseBody } from './request.ts';
import type { Route, RouteContext, RouteRequest } from './route.ts';
import {
  editableFile,
  graphSpans,
  renderAuth,
  renderCounters,
  renderGraph,
  renderMaps,
  renderMetrics,
  renderPie,
  renderStat,
  renderSymbols,
} from './statistics.ts';

const success = { success: true } as const;
const maxHistoryRows = 10_000;

const savedActions = ['reject', 'rewrite subject', 'add header', 'greylist'] as const;
const actionsBody = z.array(z.union([z.number(), z.null()])).length(savedActions.length);
const symbolsBody = z.array(z.object({ name: z.string().min(1), value: z.number() }));

function findMap(control: Control, id: string | undefined): MapHandle {
  if (id === undefined) throw mistake(400, 'Id header missing');
  if (!/^\d+$/.test(id)) throw mistake(400, 'Invalid map id');
  const map = control.maps.find((candidate) => candidate.id === Number(id));
  if (!map) throw mistake(404, 'Map not found');
  return map;
}

async function saveMap(control: Control, id: string | undefined, body: Buffer): Promise<object> {
  const named = editableFile(findMap(control, id));
  if (named === undefined) throw mistake(400, 'Map is not editable');
  const old = await stat(named).catch(() => undefined);
  // A link stays a link, and whoever could read the old file can read the new one.
  const file = old ? await realpath(named) : named;
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(fresh, body, { flag: 'wx', mode: old ? old.mode & 0o777 : 0o644 });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw new PosternError('internal', `Map cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return success;
}

function graph(context: RouteContext, type: string | undefined): Promise<object> {
  if (type === undefined) throw mistake(400, 'Absent graph type');
  const span = graphSpans.get(type.toLowerCase());
  if (!span) throw mistake(400, 'Invalid graph type');
  return context.control.totals().then((totals) => renderGraph(totals.graph, span, context.clock.now()));
}

async function history(context: RouteContext, request: RouteRequest): Promise<object> {
  const first = Number(request.argument('from') ?? 0);
  const last = Number(request.argument('to') ?? -1);
  if (!Number.isInteger(first) || !Number.isInteger(last)) throw mistake(400, 'from and to must be numbers');
  const furthest = first + maxHistoryRows - 1;
  const end = first >= 0 && (last === -1 || last > furthest) ? furthest : last;
  const rows = await context.settings().records.history(first, end);
  return { version: 2, rows: rows.slice(0, maxHistoryRows).map(renderHistoryRow) };
}

/** Rspamd's web page looks for an object with a description behind every name. */
function described(descriptions: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [name, { description }]),
  );
}

function selectorRoutes({ control }: RouteContext): readonly Route[] {
  const wanted = (request: RouteRequest): string => {
    const text = request.argument('selector');
    if (text === undefined) throw mistake(404, 'missing selector');
    return text;
  };
  return [
    {
      path: '/plugins/selectors/list_extractors',
      privilege: 'read',
      answer: () => described(control.selectors.extractors),
    },
    {
      path: '/plugins/selectors/list_transforms',
      privilege: 'read',
      answer: () => described(control.selectors.transforms),
    },
    {
      path: '/plugins/selectors/check_selector',
      privilege: 'read',
      answer: (request) => ({ success: control.selectors.problem(wanted(request)) === undefined }),
    },
    {
      path: '/plugins/selectors/check_message',
      privilege: 'write',
      answer: (request) => {
        const text = wanted(request);
        if (control.selectors.problem(text) !== undefined) return { success: false, data: [] };
        const envelope = envelopeFromRequest(headersOf(request.http.raw), { door: 'controller' });
        return {
          success: true,
          data: control.selectors.evaluate(text, { envelope, raw: request.body }) ?? [],
        };
      },
    },
  ];
}

async function statAnswer(control: Control, isReadOnly: boolean): Promise<object> {
  const [totals, learned, fuzzyHashes] = await Promise.all([
    control.totals(),
    learnedClasses(control),
    fuzzyCounts(control),
  ]);
  return renderStat(control, totals, isReadOnly, { learned, fuzzyHashes });
}

/** Every endpoint but the scans and the files (wire-protocols 1.11). */
export function createRoutes(context: RouteContext): readonly Route[] {
  const { control } = context;
  const routes: Route[] = [
    { path: '/ping', privilege: 'open', answer: () => 'pong\r\n' },
    {
      path: '/auth',
      privilege: 'read',
      answer: async ({ isReadOnly }) => renderAuth(control, await control.totals(), isReadOnly),
    },
    {
      path: '/stat',
      privilege: 'read',
      answer: ({ isReadOnly }) => statAnswer(control, isReadOnly),
    },
    {
      path: '/statreset',
      privilege: 'write',
      answer: async ({ isReadOnly }) => {
        const before = await statAnswer(control, isReadOnly);
        await control.resetTotals();
        return before;
      },
    },
    {
      path: '/metrics',
      privilege: 'read',
      answer: async ({ reply, isReadOnly }) => {
        void reply.type('application/openmetrics-text; version=1.0.0; charset=utf-8');
        const [totals, own, fuzzyHashes] = await Promise.all([
          control.totals(),
          control.metrics(),
          fuzzyCounts(control),
        ]);
        return renderMetrics(control, totals, { own, isReadOnly, fuzzyHashes });
      },
    },
    { path: '/graph', privilege: 'read', answer: (request) => graph(context, request.argument('type')) },
    { path: '/pie', privilege: 'read', answer: async () => renderPie(await control.totals()) },
    { path: '/history', privilege: 'read', answer: (request) => history(context, request) },
    {
      path: '/historyreset',
      privilege: 'write',
      answer: async () => {
        await context.settings().records.clearHistory();
        return success;
      },
    },
    { path: '/actions', privilege: 'read', answer: () => control.actions() },
    {
      path: '/symbols',
      privilege: 'read',
      answer: async () => renderSymbols(control, await control.totals()),
    },
    {
      path: '/counters',
      privilege: 'read',
      answer: async () => renderCounters(control, await control.totals()),
    },
    { path: '/maps', privilege: 'read', answer: () => renderMaps(control) },
    {
      path: '/getmap',
      privilege: 'read',
      answer: ({ argument, reply }) => {
        const text = findMap(control, argument('map')).text();
        if (text === undefined) throw mistake(404, 'Map not found');
        void reply.type('text/plain');
        return text;
      },
    },
    {
      path: '/savemap',
      privilege: 'write',
      answer: ({ argument, body }) => saveMap(control, argument('map'), body),
    },
    {
      path: '/saveactions',
      privilege: 'write',
      answer: async ({ body }) => {
        const values = parseBody(body, actionsBody);
        await control.saveActions(
          Object.fromEntries(savedActions.map((action, index) => [action, values[index] ?? null])),
        );
        return success;
      },
    },
    {
      path: '/savesymbols',
      privilege: 'write',
      answer: async ({ body }) => {
        const values = parseBody(body, symbolsBody);
        const known = new Map(control.symbols().map(({ symbol, weight }) => [symbol, weight]));
        const changed = values.filter(({ name, value }) => known.has(name) && known.get(name) !== value);
        if (changed.length === 0) throw mistake(404, 'No symbols to save');
        await control.saveSymbols(Object.fromEntries(changed.map(({ name, value }) => [name, value])));
        return success;
      },
    },
    {
      path: '/errors',
      privilege: 'read',
      answer: async () =>
        (await control.errors()).map(({ timeMs, pid, type, module, id, message }) => ({
          ts: timeMs / 1000,
          pid,
          type,
          module,
          id,
          message,
        })),
    },
    { path: '/neighbours', privilege: 'read', answer: () => ({}) },
    {
      path: '/plugins',
      privilege: 'read',
      answer: () => ({
        selectors: { version: 1, paths: selectorRoutes(context).map(({ path }) => path) },
        ...(control.fuzzy && {
          fuzzy: {
            version: 1,
            paths: createFuzzyRoutes(context)
              .map(({ path }) => path)
              .filter((path) => path.startsWith('/plugins/')),
          },
        }),
      }),
    },
    {
      path: '/healthy',
      privilege: 'read',
      answer: async () => {
        const { notResponding } = await control.health();
        if (notResponding > 0)
          throw new PosternError('internal', `${notResponding} workers are not responding`);
        return success;
      },
    },
    {
      path: '/ready',
      privilege: 'read',
      answer: async () => {
        const { readyScanners } = await control.health();
        if (readyScanners === 0) throw new PosternError('internal', 'no healthy scanner workers are running');
        return success;
      },
    },
    {
      path: '/reload',
      privilege: 'write',
      answer: async () => {
        await control.reload();
        return { ...success, config_id: control.configId };
      },
    },
    ...createLearnRoutes(context),
    ...createFuzzyRoutes(context),
    ...selectorRoutes(context),
    ...createLimitsRoutes(context),
  ];
  return routes;
}
