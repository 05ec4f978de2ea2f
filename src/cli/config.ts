import type { Command } from 'commander';
import { checks } from '../checks/index.ts';
import { checkConfiguration, describeConfiguration, sectionNames } from '../config/index.ts';
import { ConfigError, formatProblem, PosternError, toPosternError } from '../core/index.ts';
import { tryServices } from '../daemon/index.ts';
import { type ConfigOptions, resolveConfigOptions, withConfigOptions } from './options.ts';

interface CheckOptions extends ConfigOptions {
  readonly allowUnsupported: boolean;
  readonly json: boolean;
}

interface DumpOptions extends ConfigOptions {
  readonly json: boolean;
  readonly secrets: boolean;
}

const exitUsable = 0;
const exitUnsupported = 1;
const exitBad = 78;

async function check(options: CheckOptions): Promise<void> {
  const { allowUnsupported } = options;
  const report = checkConfiguration({ ...resolveConfigOptions(options), checks, allowUnsupported });
  const lines = {
    ...report.lines,
    errors: [...report.lines.errors],
    notices: [...report.lines.notices],
  };
  if (report.errors.length === 0) {
    // Maps, expressions, selectors and composites only show their mistakes when checks are built.
    try {
      lines.notices.push(...(await tryServices(report.configuration, checks)));
    } catch (error) {
      const failure = toPosternError(error);
      const found = failure instanceof ConfigError ? failure.problems.map(formatProblem) : [failure.message];
      lines.errors.push(...found);
    }
  }
  const unsupportedCounts = report.unsupported.length > 0 && !allowUnsupported;
  const exitCode = lines.errors.length > 0 ? exitBad : unsupportedCounts ? exitUnsupported : exitUsable;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ usable: exitCode === 0, ...lines }, null, 2)}\n`);
  } else {
    for (const line of lines.errors) process.stdout.write(`error: ${line}\n`);
    for (const line of lines.unsupported) process.stdout.write(`unsupported: ${line}\n`);
    for (const line of lines.notices) process.stdout.write(`note: ${line}\n`);
    const files = report.configuration.files.length;
    const verdict =
      exitCode === exitUsable
        ? 'the configuration is usable'
        : exitCode === exitUnsupported
          ? 'the configuration starts only with --allow-unsupported'
          : 'the configuration cannot be used';
    process.stdout.write(
      `${verdict}: ${files} files, ${lines.errors.length} errors, ${lines.unsupported.length} unsupported, ${lines.notices.length} notes\n`,
    );
  }
  process.exitCode = exitCode;
}

function dump(section: string | undefined, options: DumpOptions): void {
  const { configuration, errors } = checkConfiguration({
    ...resolveConfigOptions(options),
    checks,
    allowUnsupported: true,
  });
  if (errors.length > 0) throw new ConfigError(errors);
  if (section !== undefined && !sectionNames(configuration).includes(section)) {
    const known = sectionNames(configuration).join(', ');
    throw new PosternError('notFound', `no section ${section}; there are ${known}`);
  }
  const secrets = options.secrets ? 'show' : 'hide';
  const description = describeConfiguration(configuration, { section, secrets });
  process.stdout.write(options.json ? `${JSON.stringify(description.json, null, 2)}\n` : description.text);
}

/** `postern config check` and `postern config dump` */
export function addConfigCommands(program: Command): void {
  const config = program
    .command('config')
    .summary('check or show the configuration')
    .description('The configuration.');
  withConfigOptions(config.command('check'))
    .summary('say what is wrong with a configuration')
    .description('Reads a configuration as `serve` would and names every mistake with file, line and column.')
    .option('--allow-unsupported', 'do not count what is not implemented as a failure', false)
    .option('--json', 'print JSON', false)
    .addHelpText('after', '\nExit code: 0 usable, 1 starts only with --allow-unsupported, 78 cannot be used.')
    .action(check);
  withConfigOptions(config.command('dump'))
    .summary('show the values in effect and where each came from')
    .description('Prints every effective value, with the file and line it was written in, or `default`.')
    .argument('[section]', 'only this section, such as options, actions or ratelimit')
    .option('--json', 'print JSON', false)
    .option('--secrets', 'print passwords and tokens instead of dots', false)
    .action(dump);
}
