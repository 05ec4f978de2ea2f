import type {
  ControllerWorker,
  FuzzyWorker,
  MirrorConfig,
  NormalWorker,
  ProxyWorker,
  UpstreamConfig,
  WorkerBase,
} from '../core/index.ts';
import { toPlain, type UclEntry, type UclNode, type UclObject } from '../ucl/index.ts';
import { flatten, namedSections } from './flatten.ts';
import { isFolder } from './layout.ts';
import { nearest } from './nearest.ts';
import { mirrorSpec, toMirror, toUpstream, upstreamSpec } from './schema/upstreams.ts';
import {
  controllerSpec,
  fuzzySpec,
  normalSpec,
  proxySpec,
  toControllerWorker,
  toFuzzyWorker,
  toNormalWorker,
  toProxyWorker,
} from './schema/workers.ts';
import { isSame, operatorNode, type Reading, readSection } from './section.ts';

export interface Workers {
  readonly normal: NormalWorker;
  readonly controller: ControllerWorker;
  readonly proxy: ProxyWorker;
  readonly fuzzy: FuzzyWorker;
  /** The sections after validation, for `config dump`. */
  readonly effective: Readonly<Record<string, unknown>>;
}

const listenerKeys = ['bind_socket', 'listen', 'bind'];

/** Reads all `worker` sections: `worker "normal" { … }`, or the older `worker { type = "normal"; … }`. */
export function readWorkers(reading: Reading, values: readonly UclNode[], empty: UclObject): Workers {
  const sections = byType(values);
  for (const [type, list] of sections)
    if (!isServed(type)) for (const section of list) foreignWorker(reading, type, section);
  const sectionOf = (type: string): UclObject => together(reading, type, sections.get(type) ?? []) ?? empty;

  const normalSection = sectionOf('normal');
  const normal = readSection(reading, normalSpec, normalSection, ['worker', 'normal']).value;
  const controllerSection = sectionOf('controller');
  const controller = readSection(reading, controllerSpec, controllerSection, ['worker', 'controller']).value;
  const proxySection = sectionOf('rspamd_proxy');
  const proxy = readSection(reading, proxySpec, proxySection, ['worker', 'rspamd_proxy']).value;

  const fuzzySection = sectionOf('fuzzy');
  const fuzzy = readSection(reading, fuzzySpec, fuzzySection, ['worker', 'fuzzy']);

  const normalWorker = toNormalWorker(normal ?? normalSpec.schema.parse({}));
  const workers = {
    normal: normalWorker,
    controller: withoutStockSecrets(
      reading,
      controllerSection,
      toControllerWorker(controller ?? controllerSpec.schema.parse({})),
    ),
    proxy: toProxyWorker(proxy ?? proxySpec.schema.parse({}), {
      upstreams: readUpstreams(reading, proxySection, normalWorker),
      mirrors: readMirrors(reading, proxySection),
    }),
    fuzzy: toFuzzyWorker(fuzzy.value ?? fuzzySpec.schema.parse({}), fuzzy.written),
  };
  refuseStreams(reading, workers.fuzzy, fuzzySection);
  if (workers.controller.count > 1)
    reading.findings.notice(
      controllerSection.entries.get('count')?.values[0]?.position,
      ['worker', 'controller', 'count'],
      'one controller process runs, whatever the number',
    );
  if (workers.fuzzy.count > 1)
    reading.findings.notice(
      fuzzySection.entries.get('count')?.values[0]?.position,
      ['worker', 'fuzzy', 'count'],
      'one process of the fuzzy storage runs, whatever the number',
    );
  requireCertificate(reading, 'normal', workers.normal, normalSection);
  requireCertificate(reading, 'controller', workers.controller, controllerSection);
  requireCertificate(reading, 'rspamd_proxy', workers.proxy, proxySection);
  return { ...workers, effective: { normal, controller, rspamd_proxy: proxy, fuzzy: fuzzy.value } };
}

/** Sockets with ` ssl` need certificate and key; said here, where there is a line to name. */
function requireCertificate(reading: Reading, type: string, worker: WorkerBase, section: UclObject): void {
  if (!worker.enabled || !worker.sockets.some((socket) => socket.tls)) return;
  const socket = listenerKeys.map((key) => section.entries.get(key)).find((entry) => entry !== undefined);
  for (const [key, path] of [
    ['ssl_cert', worker.tlsCertificatePath],
    ['ssl_key', worker.tlsKeyPath],
  ] as const)
    if (path === undefined)
      reading.findings.error(
        socket?.values[0]?.position ?? section.position,
        ['worker', type, key],
        'is missing',
        'a PEM file, for the sockets with `ssl`',
      );
}

/** A fuzzy storage speaks UDP, and TCP without TLS beside it. */
function refuseStreams(reading: Reading, worker: FuzzyWorker, section: UclObject): void {
  if (!worker.enabled) return;
  for (const { text, host, tls } of worker.sockets)
    if (host === undefined || tls)
      reading.findings.error(
        section.entries.get('bind_socket')?.values[0]?.position ?? section.position,
        ['worker', 'fuzzy', 'bind_socket'],
        `a fuzzy storage cannot listen on \`${text}\``,
        'host:port',
      );
}

function isServed(type: string): boolean {
  return type === 'normal' || type === 'controller' || type === 'rspamd_proxy' || type === 'fuzzy';
}

function byType(values: readonly UclNode[]): Map<string, UclObject[]> {
  const result = new Map<string, UclObject[]>();
  const add = (type: string, node: UclNode): void => {
    if (node.kind === 'object') result.set(type, [...(result.get(type) ?? []), node]);
  };
  for (const value of values) {
    const type = value.kind === 'object' ? value.entries.get('type')?.values[0] : undefined;
    if (type?.kind === 'scalar') add(type.text, value);
    else for (const [name, nodes] of namedSections([value])) for (const node of nodes) add(name, node);
  }
  return result;
}

/** Several workers of one type: they listen in all their places; other options must agree. */
function together(reading: Reading, type: string, sections: readonly UclObject[]): UclObject | undefined {
  const [first, ...others] = sections;
  if (!first || others.length === 0) return first;
  for (const other of others)
    for (const [key, entry] of other.entries) {
      const same = first.entries.get(key);
      if (
        key === 'type' ||
        listenerKeys.includes(key) ||
        (same && isSame(entry.values.map(toPlain), same.values.map(toPlain)))
      )
        continue;
      const node = entry.values[0]!;
      reading.findings.unsupport(
        node.keyPosition ?? node.position,
        ['worker', type, key],
        `several workers of type ${type} with different options`,
      );
    }
  const merged = flatten(sections);
  const listeners: UclEntry = { values: [], replaced: [] };
  for (const section of sections)
    for (const key of listenerKeys) listeners.values.push(...(section.entries.get(key)?.values ?? []));
  const entries = new Map([...merged.entries].filter(([key]) => !listenerKeys.includes(key)));
  if (listeners.values.length > 0) entries.set('bind_socket', listeners);
  return { ...merged, entries };
}

/** Workers that Rspamd has and this server has not: nothing to do unless the operator switched one on. */
function foreignWorker(reading: Reading, type: string, section: UclObject): void {
  const path = ['worker', type];
  if (type === 'hs_helper') return;
  const position = reading.provenance.firstOperatorNode(section)?.position;
  if (type !== 'lua') {
    const near = nearest(type, ['normal', 'controller', 'rspamd_proxy', 'fuzzy', 'hs_helper']);
    if (position)
      reading.findings.error(
        section.keyPosition ?? position,
        path,
        `unknown worker type \`${type}\`${near ? `, did you mean \`${near}\`?` : ''}`,
        'normal, controller, rspamd_proxy or fuzzy',
      );
    return;
  }
  const count = section.entries.get('count')?.values[0];
  const isOff = count?.kind === 'scalar' && typeof count.value === 'number' && count.value <= 0;
  const enabled = section.entries.get('enabled')?.values[0];
  const isDisabled = enabled?.kind === 'scalar' && enabled.value === false;
  if (position && !isOff && !isDisabled)
    reading.findings.unsupport(position, path, `a worker of type ${type} is not implemented`);
}

/**
 * The password that everybody knows counts as none, and the stock folder of the web page only where it exists;
 * what the operator wrote stands.
 */
function withoutStockSecrets(
  reading: Reading,
  section: UclObject,
  worker: ControllerWorker,
): ControllerWorker {
  const isStock = (key: string): boolean => {
    const entry = section.entries.get(key);
    return entry === undefined || !operatorNode(reading, entry);
  };
  const { password, staticDir } = worker;
  return {
    ...worker,
    password: password !== undefined && isStock('password') ? undefined : password,
    staticDir:
      staticDir !== undefined && isStock('static_dir') && !isFolder(staticDir) ? undefined : staticDir,
  };
}

/** Port of the stock upstream, `localhost`. */
const scanPort = 11333;

/**
 * The stock upstream means the scanner of this very server, also when that was moved to another port; one that an
 * operator wrote means what it says.
 */
function isMovedScanner(reading: Reading, node: UclObject, normal: NormalWorker): boolean {
  return (
    reading.provenance.firstOperatorNode(node) === undefined &&
    normal.enabled &&
    !normal.sockets.some(({ port }) => port === scanPort)
  );
}

function readUpstreams(
  reading: Reading,
  section: UclObject,
  normal: NormalWorker,
): readonly UpstreamConfig[] {
  const result: UpstreamConfig[] = [];
  for (const { name, node, path } of peers(reading, section, 'upstream')) {
    const { value } = readSection(reading, upstreamSpec, node, path);
    if (!value) continue;
    const upstream = toUpstream(name, value);
    if (upstream.hosts.length === 0 && !upstream.selfScan)
      reading.findings.error(node.position, path, 'no hosts', 'hosts = "host:port", or self_scan = yes');
    result.push(
      isMovedScanner(reading, node, normal) ? { ...upstream, hosts: [], selfScan: true } : upstream,
    );
  }
  // Of several defaults the last one counts: an operator's beats the stock one, which comes first.
  const chosen = result.findLastIndex(({ isDefault }) => isDefault);
  return result.map((upstream, index) => ({ ...upstream, isDefault: index === chosen }));
}

function readMirrors(reading: Reading, section: UclObject): readonly MirrorConfig[] {
  const result: MirrorConfig[] = [];
  for (const { name, node, path } of peers(reading, section, 'mirror')) {
    const { value } = readSection(reading, mirrorSpec, node, path);
    if (!value) continue;
    const mirror = toMirror(name, value);
    if (mirror.hosts.length === 0)
      reading.findings.error(node.position, path, 'no hosts', 'hosts = "host:port"');
    result.push(mirror);
  }
  return result;
}

/** `upstream "name" { … }` repeated, or `upstream { name = "…"; … }`. */
function peers(
  reading: Reading,
  section: UclObject,
  kind: 'upstream' | 'mirror',
): { readonly name: string; readonly node: UclObject; readonly path: readonly string[] }[] {
  const result: { name: string; node: UclObject; path: readonly string[] }[] = [];
  for (const value of section.entries.get(kind)?.values ?? []) {
    const isUnnamed =
      value.kind === 'object' &&
      [...value.entries.values()].some((entry) => entry.values.some((node) => node.kind !== 'object'));
    if (value.kind === 'object' && isUnnamed) {
      const name = value.entries.get('name')?.values[0];
      const text = name?.kind === 'scalar' ? name.text : kind;
      result.push({ name: text, node: value, path: ['worker', 'rspamd_proxy', kind] });
    } else if (value.kind === 'object') {
      for (const [name, nodes] of namedSections([value]))
        result.push({ name, node: flatten(nodes), path: ['worker', 'rspamd_proxy', kind, name] });
    } else
      reading.findings.error(
        value.position,
        ['worker', 'rspamd_proxy', kind],
        'no section',
        `${kind} "name" { … }`,
      );
  }
  return result;
}
