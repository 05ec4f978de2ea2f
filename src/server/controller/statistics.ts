import type { LearnedClass } from '../../core/index.ts';
import {
  type Control,
  countHam,
  countSpam,
  type GraphSlot,
  type MapHandle,
  type Totals,
} from '../../core/index.ts';

/** Order in which Rspamd lists actions (wire-protocols 1.7.1). */
const actionOrder = [
  'reject',
  'soft reject',
  'rewrite subject',
  'add header',
  'greylist',
  'no action',
] as const;

function count(totals: Totals, action: string): number {
  return totals.actions[action] ?? 0;
}

function uptimeSeconds(totals: Totals): number {
  return Math.floor((Date.now() - totals.startedMs) / 1000);
}

/** Reply of `/auth`. */
export function renderAuth(control: Control, totals: Totals, isReadOnly: boolean): object {
  return {
    version: control.version,
    auth: 'ok',
    uptime: uptimeSeconds(totals),
    clean: count(totals, 'no action'),
    probable: count(totals, 'add header') + count(totals, 'rewrite subject'),
    greylist: count(totals, 'greylist'),
    reject: count(totals, 'reject'),
    soft_reject: count(totals, 'soft reject'),
    scanned: totals.scanned,
    learned: totals.learned,
    read_only: isReadOnly,
    config_id: control.configId,
  };
}

/** Reply of `/stat`: Rspamd's figures, with memory pools (which do not exist here) as 0. */
export function renderStat(
  control: Control,
  totals: Totals,
  isReadOnly: boolean,
  {
    learned = [],
    fuzzyHashes = {},
  }: {
    readonly learned?: readonly LearnedClass[];
    /** Hashes in each fuzzy storage. */
    readonly fuzzyHashes?: Readonly<Record<string, number>>;
  } = {},
): object {
  const times: (number | null)[] = [...totals.scanTimesSeconds];
  while (times.length < 31) times.push(null);
  return {
    version: control.version,
    config_id: control.configId,
    uptime: uptimeSeconds(totals),
    read_only: isReadOnly,
    scanned: totals.scanned,
    learned: totals.learned,
    actions: Object.fromEntries(actionOrder.map((action) => [action, count(totals, action)])),
    scan_times: times,
    spam_count: countSpam(totals),
    ham_count: countHam(totals),
    connections: totals.connections,
    control_connections: totals.controlConnections,
    pools_allocated: 0,
    pools_freed: 0,
    bytes_allocated: process.memoryUsage.rss(),
    chunks_allocated: 0,
    shared_chunks_allocated: 0,
    chunks_freed: 0,
    chunks_oversized: 0,
    fragmented: 0,
    total_learns: learned.reduce((sum, one) => sum + one.learned, 0),
    statfiles: learned.map((one) => ({
      revision: one.learned,
      used: 0,
      total: 0,
      size: 0,
      symbol: one.symbol,
      type: one.store,
      languages: 0,
      users: 1,
    })),
    fuzzy_hashes: fuzzyHashes,
  };
}

const pieSlices = [
  { label: 'Clean', color: '#66CC00', actions: ['no action'] },
  { label: 'Temporarily rejected', color: '#BF8040', actions: ['soft reject'] },
  { label: 'Probable spam', color: '#FFAD00', actions: ['add header', 'rewrite subject'] },
  { label: 'Greylisted', color: '#436EEE', actions: ['greylist'] },
  { label: 'Rejected', color: '#FF0000', actions: ['reject'] },
] as const;

/** Reply of `/pie`. */
export function renderPie(totals: Totals): object {
  return pieSlices.map(({ label, color, actions }) => {
    const value = actions.reduce((sum, action) => sum + count(totals, action), 0);
    return { color, label, data: value, value };
  });
}

const hourMs = 3_600_000;

/** Spans of `/graph`: how far back, and the length of one point. */
export const graphSpans: ReadonlyMap<string, { readonly spanMs: number; readonly pointMs: number }> = new Map(
  [
    ['day', { spanMs: 24 * hourMs, pointMs: hourMs }],
    ['week', { spanMs: 7 * 24 * hourMs, pointMs: hourMs }],
    ['month', { spanMs: 31 * 24 * hourMs, pointMs: 2 * hourMs }],
    ['year', { spanMs: 366 * 24 * hourMs, pointMs: 24 * hourMs }],
  ],
);

/** Six series of one length, in Rspamd's order of actions; y is messages per second, null where nothing is known. */
export function renderGraph(
  slots: readonly GraphSlot[],
  { spanMs, pointMs }: { readonly spanMs: number; readonly pointMs: number },
  nowMs: number,
): object {
  const points = Math.floor(spanMs / pointMs);
  const firstMs = (Math.floor(nowMs / pointMs) + 1 - points) * pointMs;
  const oldestMs = slots[0]?.startMs ?? Number.POSITIVE_INFINITY;
  return actionOrder.map((action) => {
    const sums = new Array<number>(points).fill(0);
    for (const slot of slots) {
      const index = Math.floor((slot.startMs - firstMs) / pointMs);
      if (index >= 0 && index < points) sums[index]! += slot.actions[action] ?? 0;
    }
    return sums.map((sum, index) => {
      const startMs = firstMs + index * pointMs;
      return {
        x: Math.floor(startMs / 1000),
        y: startMs + pointMs <= oldestMs ? null : (sum * 1000) / pointMs,
      };
    });
  });
}

/** Reply of `/symbols`: the rules, in each of their groups. */
export function renderSymbols(control: Control, totals: Totals): object {
  const groups = new Map<string, object[]>();
  for (const { groups: names, symbol, weight, description } of control.symbols()) {
    const counted = totals.symbols[symbol];
    const rule = {
      symbol,
      weight,
      ...(description !== undefined && { description }),
      frequency: counted?.frequency ?? 0,
      frequency_stddev: counted?.frequencyStddev ?? 0,
      time: (counted?.timeMs ?? 0) / 1000,
    };
    for (const name of names) {
      const rules = groups.get(name);
      if (rules) rules.push(rule);
      else groups.set(name, [rule]);
    }
  }
  return [...groups].map(([group, rules]) => ({ group, rules }));
}

/** Reply of `/counters`; every field is there in every row, for `rspamc` prints a row without one as blank. */
export function renderCounters(control: Control, totals: Totals): object {
  const weights = new Map(control.symbols().map(({ symbol, weight }) => [symbol, weight]));
  for (const name of Object.keys(totals.symbols)) if (!weights.has(name)) weights.set(name, 0);
  return [...weights].map(([symbol, weight]) => {
    const counted = totals.symbols[symbol];
    return {
      symbol,
      weight,
      frequency: counted?.frequency ?? 0,
      frequency_stddev: counted?.frequencyStddev ?? 0,
      hits: counted?.hits ?? 0,
      time: (counted?.timeMs ?? 0) / 1000,
    };
  });
}

const textKinds: ReadonlySet<string> = new Set([
  'set',
  'hash',
  'radix',
  'regexp',
  'regexp_multi',
  'glob',
  'glob_multi',
  'plain',
]);

/** The local file of a map that may be edited; undefined for any other. */
export function editableFile(map: MapHandle): string | undefined {
  const [source] = map.sources;
  if (map.sources.length !== 1 || source === undefined || !textKinds.has(map.kind)) return undefined;
  const path = source.startsWith('file://') ? source.slice('file://'.length) : source;
  return path.startsWith('/') && !path.endsWith('.zst') && !path.endsWith('.zstd') ? path : undefined;
}

/** Reply of `/maps`. */
export function renderMaps(control: Control): object {
  return control.maps
    .filter((map) => !map.isExternal)
    .map((map) => ({
      map: map.id,
      description: map.description,
      uri: map.sources.join(', '),
      type: map.kind,
      editable: editableFile(map) !== undefined,
      loaded: map.isLoaded,
      cached: false,
    }));
}

/** A label's value (OpenMetrics 1.0, escaped-string). */
function label(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** OpenMetrics text with Rspamd's names, for monitoring that was built for it; ours (`own`) follow. */
export function renderMetrics(
  control: Control,
  totals: Totals,
  {
    own,
    isReadOnly,
    fuzzyHashes = {},
  }: {
    readonly own: string;
    readonly isReadOnly: boolean;
    readonly fuzzyHashes?: Readonly<Record<string, number>>;
  },
): string {
  const times = totals.scanTimesSeconds;
  const average = times.length === 0 ? 0 : times.reduce((sum, time) => sum + time, 0) / times.length;
  const spam = totals.scanned - count(totals, 'no action') - count(totals, 'greylist');
  const lines: string[] = [];
  const metric = (name: string, type: string, help: string, samples: readonly string[]): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples);
  };
  metric('rspamd_build_info', 'gauge', 'Version of the server.', [
    `rspamd_build_info{version="${label(control.version)}"} 1`,
  ]);
  metric('rspamd_config', 'gauge', 'Configuration that is loaded.', [
    `rspamd_config{id="${control.configId}"} 1`,
  ]);
  metric('rspamd_scan_time_average', 'gauge', 'Average scan time in seconds.', [
    `rspamd_scan_time_average ${average}`,
  ]);
  metric('process_start_time_seconds', 'gauge', 'Time the server started.', [
    `process_start_time_seconds ${Math.floor(totals.startedMs / 1000)}`,
  ]);
  metric('rspamd_read_only', 'gauge', 'Whether the password of this request may only look.', [
    `rspamd_read_only ${isReadOnly ? 1 : 0}`,
  ]);
  metric('rspamd_scanned', 'counter', 'Scanned messages.', [`rspamd_scanned_total ${totals.scanned}`]);
  metric('rspamd_learned', 'counter', 'Learned messages.', [`rspamd_learned_total ${totals.learned}`]);
  metric('rspamd_learns', 'counter', 'Messages in the classifiers.', [
    `rspamd_learns_total ${totals.learned}`,
  ]);
  metric('rspamd_spam', 'counter', 'Messages that were spam.', [`rspamd_spam_total ${spam}`]);
  metric('rspamd_ham', 'counter', 'Messages that were ham.', [`rspamd_ham_total ${totals.scanned - spam}`]);
  metric('rspamd_connections', 'gauge', 'Connections of mail systems.', [
    `rspamd_connections ${totals.connections}`,
  ]);
  metric('rspamd_control_connections', 'counter', 'Connections of the controller.', [
    `rspamd_control_connections_total ${totals.controlConnections}`,
  ]);
  metric(
    'rspamd_actions',
    'counter',
    'Messages by action.',
    Object.entries(totals.actions).map(
      ([action, value]) => `rspamd_actions_total{type="${label(action)}"} ${value}`,
    ),
  );
  const storages = Object.entries(fuzzyHashes);
  if (storages.length > 0)
    metric(
      'rspamd_fuzzy_stat',
      'gauge',
      'Hashes in fuzzy storages.',
      storages.map(([storage, value]) => `rspamd_fuzzy_stat{storage="${label(storage)}"} ${value}`),
    );
  return `${lines.join('\n')}\n${own.endsWith('\n') || own === '' ? own : `${own}\n`}# EOF\n`;
}
