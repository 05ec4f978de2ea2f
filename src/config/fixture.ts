import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { type CheckDefinition, defineCheck, formatProblem, moduleRedisOptions } from '../core/index.ts';
import { type Analysis, analyseConfiguration } from './load.ts';

// What the tests of this room share: folders with files, and checks small enough to see through.

/** Writes files into a temporary folder that goes away with the test. */
export function folder(context: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'config-test-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return root;
}

/** A check named like a module of Rspamd's, with the kinds of options that checks have. */
const limiter = defineCheck({
  name: 'ratelimit',
  aliases: ['rate_limits'],
  summary: 'A check for tests.',
  group: 'test',
  stage: 'prefilter',
  direction: 'both',
  needs: [],
  config: z.strictObject({
    ...moduleRedisOptions,
    prefix: z.string().default('RL'),
    expire: z.number().default(172_800),
    whitelisted_user: z.union([z.string(), z.array(z.string())]).optional(),
    rates: z
      .record(
        z.string(),
        z.strictObject({
          selector: z.string().optional(),
          bucket: z.array(z.strictObject({ burst: z.number(), rate: z.union([z.string(), z.number()]) })),
        }),
      )
      .default({}),
    whitelisted_rcpts: z.array(z.string()).default([]),
    mode: z.enum(['hard', 'soft']).default('hard'),
  }),
  unsupported: { message_func: 'Lua functions are not run' },
  symbols: {},
  create: () => undefined,
});

/** A check whose rules ask servers, as that of virus scanners. */
const asker = defineCheck({
  name: 'external_services',
  summary: 'A check for tests.',
  group: 'test',
  stage: 'filter',
  direction: 'both',
  needs: [],
  rulesNeed: 'servers',
  config: z.record(
    z.string(),
    z.union([
      z.boolean(),
      z.strictObject({ servers: z.string().optional(), max_size: z.number().optional() }),
    ]),
  ),
  symbols: {},
  create: () => undefined,
});

export const checks: readonly CheckDefinition[] = [limiter, asker] as unknown as readonly CheckDefinition[];

/** A finished analysis with its problems as text, and the folder's name taken out of them. */
export interface Read extends Analysis {
  readonly errors: readonly string[];
  readonly unsupported: readonly string[];
  readonly notices: readonly string[];
}

/** Reads a configuration folder of these files; without files the stock values. */
export function readFolder(
  context: TestContext,
  files?: Readonly<Record<string, string>>,
  more: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly stateFiles?: Readonly<Record<string, string>>;
  } = {},
): Read {
  const configDir = files && folder(context, files);
  const stateDir = folder(context, more.stateFiles ?? {});
  const analysis = analyseConfiguration({
    configDir,
    stateDir,
    variables: {},
    checks,
    allowUnsupported: false,
    environment: more.environment ?? {},
  });
  const texts = (list: Analysis['findings']['errors']): readonly string[] =>
    list.map((problem) =>
      formatProblem(problem).replaceAll(`${configDir}/`, '').replaceAll(`${stateDir}/`, 'STATE/'),
    );
  const { errors, unsupported, notices } = analysis.findings;
  return { ...analysis, errors: texts(errors), unsupported: texts(unsupported), notices: texts(notices) };
}
