import type { Command } from 'commander';
import { checks } from '../checks/index.ts';
import { type MigrationReport, planMigration } from '../config/index.ts';
import { ConfigError, type ConfigProblem, toPosternError } from '../core/index.ts';
import { tryServices } from '../daemon/index.ts';
import { describeMigration } from './migrate-text.ts';
import { type ConfigOptions, resolveConfigOptions, withVariableOptions } from './options.ts';

interface MigrateOptions extends Omit<ConfigOptions, 'config'> {
  readonly json: boolean;
  readonly verbose: boolean;
}

type Outcome = 'complete' | 'partial' | 'unusable';

const exitCodes: Readonly<Record<Outcome, number>> = { complete: 0, partial: 1, unusable: 78 };

const verdicts: Readonly<Record<Outcome, string>> = {
  complete: 'everything of yours is taken over',
  partial: 'something is not supported: it starts only with --allow-unsupported, which leaves that out',
  unusable: 'it cannot be used as it is: see the errors',
};

async function migrate(dir: string, options: MigrateOptions): Promise<void> {
  const resolved = resolveConfigOptions({ ...options, config: dir });
  const plan = planMigration({ ...resolved, checks });
  const report = plan.errors.length > 0 ? plan : { ...plan, errors: await buildErrors(plan) };
  const outcome = outcomeOf(report);
  const folder = resolved.configDir ?? dir;
  const text = options.json
    ? `${JSON.stringify(jsonReport(report, folder, outcome), null, 2)}\n`
    : `${describeMigration(report, folder, options.verbose ? 'every option' : 'counts')}\n${dir}: ${verdicts[outcome]}\n`;
  process.stdout.write(text);
  process.exitCode = exitCodes[outcome];
}

/** Maps, expressions, selectors and composites only show their mistakes when checks are built. */
async function buildErrors({ configuration }: MigrationReport): Promise<readonly ConfigProblem[]> {
  try {
    await tryServices(configuration, checks);
    return [];
  } catch (error) {
    const failure = toPosternError(error);
    return failure instanceof ConfigError ? failure.problems : [{ message: failure.message }];
  }
}

function outcomeOf({ errors, unsupported }: MigrationReport): Outcome {
  if (errors.length > 0) return 'unusable';
  return unsupported.length > 0 ? 'partial' : 'complete';
}

function jsonReport(report: MigrationReport, directory: string, outcome: Outcome): object {
  const { files, options, replaced, idle, listeners, modules } = report;
  const { differences, unsupported, absentModules, notices, errors } = report;
  return {
    directory,
    outcome,
    exitCode: exitCodes[outcome],
    takenOver: { files, options, replaced, idle, listeners, modules },
    differences,
    unsupported,
    absentModules,
    notices,
    errors,
  };
}

/** `postern migrate DIR` */
export function addMigrateCommand(program: Command): void {
  withVariableOptions(program.command('migrate'))
    .summary('say what of a Rspamd configuration works here')
    .description(
      [
        'Reads a configuration folder of Rspamd, writes nothing, and says what is taken over, what differs and why, and',
        'what is not supported: modules, options, Lua scripts with what they register.',
      ].join('\n'),
    )
    .argument('<dir>', 'folder of the configuration, such as /etc/rspamd')
    .option('--json', 'print JSON', false)
    .option('--verbose', 'print every option with its place and value', false)
    .addHelpText(
      'after',
      '\nExit code: 0 everything is taken over, 1 something is not supported, 78 cannot be used.',
    )
    .action(migrate);
}
