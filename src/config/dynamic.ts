import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../core/index.ts';
import { emitUcl, parseUcl, toPlain } from '../ucl/index.ts';

// What the controller changes at run time. Both files are read at priority 5: above `local.d`, below `override.d`.

/**
 * Writes thresholds of actions into `STATE/dynamic/actions.conf`, beside those that were saved before. `null`
 * disables an action. The configuration must be loaded again to make them count.
 *
 * @returns whether the file says something else now
 */
export async function saveActionThresholds(
  stateDir: string,
  thresholds: Readonly<Record<string, number | null>>,
): Promise<boolean> {
  const changes = Object.entries(thresholds).map(
    ([name, value]) => [name.replaceAll(' ', '_'), value] as const,
  );
  return update(join(stateDir, 'dynamic', 'actions.conf'), Object.fromEntries(changes));
}

/**
 * Writes scores of symbols into `STATE/dynamic/scores.conf`, beside those that were saved before.
 *
 * @returns whether the file says something else now
 */
export async function saveSymbolScores(
  stateDir: string,
  scores: Readonly<Record<string, number>>,
): Promise<boolean> {
  return update(join(stateDir, 'dynamic', 'scores.conf'), scores);
}

async function update(file: string, changes: Readonly<Record<string, number | null>>): Promise<boolean> {
  const saved = await readSaved(file);
  if (Object.entries(changes).every(([name, value]) => Object.hasOwn(saved, name) && saved[name] === value))
    return false;
  const values = { ...saved, ...changes };
  const head = '# Saved by the controller; it beats local.d and loses against override.d.\n';
  await replaceFile(file, head + emitUcl(values));
  return true;
}

/** Values saved before. A file that cannot be read as UCL is replaced: it would stop the next start. */
async function readSaved(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { root } = parseUcl(await readFile(file, 'utf8'), { file });
    return root.kind === 'object' ? (toPlain(root) as Record<string, unknown>) : {};
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing || error instanceof ConfigError) return {};
    throw error;
  }
}

/** Readers see the old text or the new one, also after a power cut. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    const handle = await open(temporary, 'wx', 0o640);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
