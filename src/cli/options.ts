import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PosternError } from '../core/index.ts';

/** Options of every command that reads a configuration. */
export interface ConfigOptions {
  readonly config?: string;
  readonly state: string;
  readonly var: Readonly<Record<string, string>>;
}

function collectVariable(text: string, previous: Record<string, string>): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('expected NAME=VALUE');
  return { ...previous, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** Where state goes when nobody says: below the folder the command runs in, or systemd's state directory. */
function defaultStateDir(): string {
  return process.env['STATE_DIRECTORY'] ?? join(process.cwd(), 'state');
}

/** Adds `--config`, `--state` and `--var`. */
export function withConfigOptions(command: Command): Command {
  return withVariableOptions(
    command.option(
      '--config <dir>',
      'folder with local.d, override.d and maps.d, or a whole Rspamd configuration',
    ),
  );
}

/** Adds `--state` and `--var`, for commands that are told the configuration as an argument. */
export function withVariableOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--state <dir>', 'folder for everything written at run time').default(
        defaultStateDir(),
        'state in the working folder, or $STATE_DIRECTORY',
      ),
    )
    .option(
      '--var <NAME=VALUE>',
      'variable for ${NAME} in configuration files (repeatable)',
      collectVariable,
      {},
    );
}

/** Absolute folders and variables of a command line. */
export function resolveConfigOptions(options: ConfigOptions): {
  readonly configDir: string | undefined;
  readonly stateDir: string;
  readonly variables: Readonly<Record<string, string>>;
} {
  const configDir = options.config === undefined ? undefined : resolve(options.config);
  if (configDir !== undefined && !(existsSync(configDir) && statSync(configDir).isDirectory())) {
    throw new PosternError('config', `${options.config}: no such folder`);
  }
  return { configDir, stateDir: resolve(options.state), variables: options.var };
}
