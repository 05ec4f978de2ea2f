import type { Command } from 'commander';
import { checks } from '../checks/index.ts';
import { Primary } from '../daemon/index.ts';
import { type ConfigOptions, resolveConfigOptions, withConfigOptions } from './options.ts';

interface ServeCommandOptions extends ConfigOptions {
  readonly allowUnsupported: boolean;
}

/** `postern serve` */
export function addServeCommand(program: Command): void {
  withConfigOptions(program.command('serve'))
    .summary('run the server in the foreground')
    .description(
      [
        'Runs the server in the foreground: milter on 11332, scan port on 11333, controller on 11334.',
        'SIGTERM stops it after what was accepted is finished, SIGHUP reopens logs and loads the configuration again,',
        'SIGUSR1 only reopens logs.',
      ].join('\n'),
    )
    .option(
      '--allow-unsupported',
      'start although the configuration asks for things that are not implemented',
      false,
    )
    .action(async (options: ServeCommandOptions) => {
      const primary = new Primary({
        ...resolveConfigOptions(options),
        allowUnsupported: options.allowUnsupported,
        checks,
      });
      process.exit(await primary.run());
    });
}
