import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Configuration } from '../core/index.ts';

/** A key that signs, as the configuration names it. */
export interface ConfiguredKey {
  readonly domain: string;
  readonly selector: string;
  /** A file when it begins with `/` or `.`, else the key itself. */
  readonly path: string;
}

interface KeyEntry {
  readonly selector?: string | undefined;
  readonly path?: string | undefined;
}

/** What the sections of `dkim_signing` and `arc` have in common here. */
interface SigningSection extends KeyEntry {
  readonly enabled: boolean;
  readonly selector: string;
  readonly path: string;
  readonly try_fallback: boolean;
  readonly domain: Readonly<Record<string, KeyEntry & { readonly selectors?: readonly KeyEntry[] }>>;
}

/** Options under which keys stand elsewhere than in files that can be found. */
const elsewhere = [
  'signing_table',
  'key_table',
  'selector_map',
  'path_map',
  'use_redis',
  'use_vault',
  'use_http_headers',
];

/** Checks that sign, with the folder of their keys below the state folder. */
const signingChecks = [
  ['dkim_signing', 'dkim'],
  ['arc', 'arc'],
] as const;

/** Every key that can be found without a message, and the options under which there may be more. */
export function configuredKeys({ modules, stateDir }: Configuration): {
  readonly keys: readonly ConfiguredKey[];
  readonly unlisted: readonly string[];
} {
  const keys = new Map<string, ConfiguredKey>();
  const unlisted: string[] = [];
  for (const [name, folder] of signingChecks) {
    const section = modules.get(name) as SigningSection | undefined;
    if (section?.enabled !== true) continue;
    const set = section as unknown as Readonly<Record<string, unknown>>;
    unlisted.push(...elsewhere.filter((option) => set[option]).map((option) => `${name}.${option}`));
    const template = section.path || join(stateDir, folder, '$domain.$selector.key');
    for (const key of [...sectionKeys(section, template), ...folderKeys(section, template)])
      keys.set(`${key.selector}._domainkey.${key.domain} ${key.path}`, key);
  }
  return { keys: [...keys.values()], unlisted };
}

function sectionKeys(section: SigningSection, template: string): readonly ConfiguredKey[] {
  return Object.entries(section.domain).flatMap(([name, { selector, path, selectors = [] }]) => {
    const domain = name.toLowerCase();
    const isOwn = selector !== undefined || path !== undefined || selectors.length === 0;
    return [...(isOwn ? [{ selector, path }] : []), ...selectors].map((entry) => {
      const chosen = entry.selector ?? section.selector;
      return { domain, selector: chosen, path: expand(entry.path ?? template, domain, chosen) };
    });
  });
}

function expand(path: string, domain: string, selector: string): string {
  return path
    .replaceAll(/\$(?:domain\b|\{domain\})/g, domain)
    .replaceAll(/\$(?:selector\b|\{selector\})/g, selector);
}

/** Files that sign for domains without an entry of their own, by the name that `path` gives them. */
function folderKeys(section: SigningSection, template: string): readonly ConfiguredKey[] {
  const folder = dirname(template);
  if (!section.try_fallback || !template.startsWith('/') || folder.includes('$')) return [];
  const [before, after] = expand(basename(template), '\0', section.selector).split('\0');
  if (before === undefined || after === undefined) return [];
  return listFolder(folder)
    .filter(
      (file) => file.length > before.length + after.length && file.startsWith(before) && file.endsWith(after),
    )
    .map((file) => ({
      domain: file.slice(before.length, file.length - after.length),
      selector: section.selector,
      path: join(folder, file),
    }))
    .filter(({ domain }) => section.domain[domain] === undefined);
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // no folder, no keys
  }
}
