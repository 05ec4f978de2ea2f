import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { TemplateGlobals, UclFiles } from '../ucl/index.ts';
import { builtinFolder } from './provenance.ts';
import { builtinRoot } from './stock.ts';

/** Version of Rspamd whose configuration format this is; `$VERSION` and `env.version` in files. */
const formatVersion = { major: 4, minor: 1, patch: 6 } as const;

/** Larger files are refused: a configuration is written by people. */
const maxFileBytes = 32 * 1024 * 1024;

/** Where a configuration comes from. */
export interface Layout {
  readonly configDir: string | undefined;
  readonly stateDir: string;
  /** Folder with a whole Rspamd tree; undefined: the root is built in. */
  readonly stockDir: string | undefined;
  /** Text to read first; it includes everything else. */
  readonly entry: { readonly file: string; readonly text: string };
  readonly variables: Readonly<Record<string, string>>;
  readonly templates: TemplateGlobals;
  readonly files: UclFiles;
}

export interface LayoutOptions {
  readonly configDir?: string | undefined;
  readonly stateDir: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Sections that checks read, for which the built-in root has includes. */
  readonly moduleNames: readonly string[];
}

/** Decides which root is read, and with which variables (config-format 1.6 and 3). */
export function describeLayout(options: LayoutOptions): Layout {
  const configDir = options.configDir === undefined ? undefined : resolve(options.configDir);
  const stateDir = resolve(options.stateDir);
  const rootFile = configDir === undefined ? undefined : join(configDir, 'rspamd.conf');
  const stockDir = rootFile !== undefined && isFile(rootFile) ? configDir : undefined;
  const builtin: Record<string, string> = {
    [`${builtinFolder}/rspamd.conf`]: builtinRoot(options.moduleNames),
    [`${builtinFolder}/dynamic.conf`]: dynamicLayer,
  };
  const root = stockDir === undefined ? `${builtinFolder}/rspamd.conf` : '$CONFDIR/rspamd.conf';
  const text = `.include ${JSON.stringify(root)}\n.include(duplicate=merge) "${builtinFolder}/dynamic.conf"\n`;
  return {
    configDir,
    stateDir,
    stockDir,
    entry: { file: `${builtinFolder}/entry.conf`, text },
    variables: { ...directories(configDir, stateDir), ...versions(), ...options.variables },
    templates: { env: templateEnvironment(options.environment), paths: directories(configDir, stateDir) },
    files: {
      read: (path) => (Object.hasOwn(builtin, path) ? { text: builtin[path]! } : readText(path)),
      list: listFolder,
    },
  };
}

/** What the controller saved: above `local.d`, below `override.d`. */
const dynamicLayer = `
actions { .include(try=true; priority=5) "$DBDIR/dynamic/actions.conf" }
dynamic_scores { .include(try=true; priority=5) "$DBDIR/dynamic/scores.conf" }
`;

/** Debian's folders, and ours for everything that is written. */
function directories(configDir: string | undefined, stateDir: string): Record<string, string> {
  const own = configDir ?? `${builtinFolder}/no-configuration-folder`;
  return {
    CONFDIR: own,
    LOCAL_CONFDIR: own,
    DBDIR: stateDir,
    RUNDIR: '/run/rspamd',
    LOGDIR: '/var/log/rspamd',
    PREFIX: '/usr',
    SHAREDIR: '/usr/share/rspamd',
    RULESDIR: '/usr/share/rspamd/rules',
    PLUGINSDIR: '/usr/share/rspamd/plugins',
    WWWDIR: '/usr/share/rspamd/www',
    HOSTNAME: hostname(),
  };
}

function versions(): Record<string, string> {
  const { major, minor, patch } = formatVersion;
  return {
    VERSION: `${major}.${minor}.${patch}`,
    VERSION_MAJOR: String(major),
    VERSION_MINOR: String(minor),
    BRANCH_VERSION: `${major}.${minor}`,
  };
}

/** Variables named `RSPAMD_X` as `env.X`, and what Rspamd adds. */
function templateEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | number>> {
  const { major, minor, patch } = formatVersion;
  const result: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(environment))
    if (name.startsWith('RSPAMD_') && value !== undefined) result[name.slice('RSPAMD_'.length)] = value;
  return {
    ...result,
    hostname: hostname(),
    version: `${major}.${minor}.${patch}`,
    ver_major: major,
    ver_minor: minor,
    ver_num: major * 10_000 + minor * 100 + patch,
    ver_id: 'postern',
  };
}

function readText(path: string): ReturnType<UclFiles['read']> {
  try {
    const { size } = statSync(path);
    if (size > maxFileBytes) return { error: `larger than ${maxFileBytes} bytes`, isMissing: false };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = errorCode(error);
    return { error: code, isMissing: code === 'ENOENT' || code === 'ENOTDIR' };
  }
}

/** Names in a folder, sorted; none when there is no such folder. */
export function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error))) return [];
    throw error;
  }
}

/** Is there a folder of this name? */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
