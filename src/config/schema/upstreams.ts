import { z } from 'zod';
import type { MirrorConfig, UpstreamConfig } from '../../core/index.ts';
import type { SectionSpec } from '../section.ts';
import { seconds, texts, toMs } from './values.ts';

type Rotation = UpstreamConfig['rotation'];

const rotations: Readonly<Record<string, Rotation>> = {
  'round-robin': 'round-robin',
  'master-slave': 'master-slave',
  hash: 'hash',
  random: 'random',
  sequential: 'round-robin',
};

/** Splits lists such as `round-robin:a:1,b:2` into the way of choosing and the hosts. */
export function parseHosts(lists: readonly string[]): {
  readonly rotation: Rotation;
  readonly hosts: readonly string[];
} {
  let rotation: Rotation = 'round-robin';
  const hosts: string[] = [];
  for (const list of lists) {
    const prefix = /^([a-z]+(?:-[a-z]+)?):/.exec(list.trim())?.[1];
    const named = prefix !== undefined && Object.hasOwn(rotations, prefix) ? rotations[prefix] : undefined;
    if (named) rotation = named;
    const rest = named ? list.trim().slice(prefix!.length + 1) : list;
    for (const host of rest.split(/[,;]/)) if (host.trim() !== '') hosts.push(host.trim());
  }
  return { rotation, hosts };
}

/** Adds the port of the scan protocol to a host that names none; socket paths stay. */
function withPort(host: string): string {
  if (host.startsWith('/')) return host;
  const hasPort = host.startsWith('[') ? /\]:\d/.test(host) : /^[^:]*:\d/.test(host);
  return hasPort ? host : `${host}:11333`;
}

const shared = {
  name: z.string().optional(),
  hosts: texts.default([]).describe('`host`, `host:port`, `host:port:weight`; default port 11333'),
  compress: z.boolean().default(false),
  ssl: z.boolean().default(false),
  keepalive: z.boolean().default(false),
  timeout: seconds.optional().describe('Seconds; default: that of the worker'),
  settings_id: z.string().optional(),
  settings: z.unknown().optional(),
  extra_headers: z.record(z.string(), z.string()).default({}),
};
const foreign = ['local', 'log_tag', 'token_bucket', 'weight'];
const reasons = {
  key: 'encrypted connections to other scanners',
  parser: 'Lua code is not run here',
};

const upstream = z.strictObject({
  ...shared,
  default: z.boolean().default(false),
  self_scan: z.boolean().default(false).describe('Scan here instead of asking another server'),
});
const mirror = z.strictObject({
  ...shared,
  probability: z.number().min(0).max(1).default(1),
  follow_master: z.boolean().default(false),
});

/** One `upstream "name" { … }` of a proxy worker (wire-protocols 4.1). */
export const upstreamSpec: SectionSpec<typeof upstream> = {
  schema: upstream,
  aliases: { host: 'hosts' },
  noCounterpart: foreign,
  unsupported: reasons,
};

/** One `mirror "name" { … }`. */
export const mirrorSpec: SectionSpec<typeof mirror> = {
  schema: mirror,
  aliases: { host: 'hosts', prob: 'probability' },
  noCounterpart: foreign,
  unsupported: reasons,
};

function base(name: string, section: z.output<typeof upstream> | z.output<typeof mirror>): UpstreamConfig {
  const isSelfScan = 'self_scan' in section && section.self_scan;
  const { rotation, hosts } = parseHosts(section.hosts);
  return {
    name: section.name ?? name,
    isDefault: 'default' in section && section.default,
    hosts: isSelfScan ? [] : hosts.map(withPort),
    rotation,
    selfScan: isSelfScan,
    compress: section.compress,
    tls: section.ssl,
    keepalive: section.keepalive,
    timeoutMs: section.timeout === undefined ? undefined : toMs(section.timeout),
    settingsId: section.settings_id,
    settings: section.settings,
    extraHeaders: section.extra_headers,
  };
}

export function toUpstream(name: string, section: z.output<typeof upstream>): UpstreamConfig {
  return base(name, section);
}

export function toMirror(name: string, section: z.output<typeof mirror>): MirrorConfig {
  return { ...base(name, section), probability: section.probability, followMaster: section.follow_master };
}
