import { Command } from 'commander';
import { version } from '../daemon/index.ts';
import { addCompletionCommand } from './completion.ts';
import { addConfigCommands } from './config.ts';
import { addDkimCommands } from './dkim.ts';
import { addDmarcCommands } from './dmarc.ts';
import { addFuzzyCommands } from './fuzzy.ts';
import { addLearnCommands } from './learn.ts';
import { addLimitsCommands } from './limits.ts';
import { addManCommand } from './man.ts';
import { addMigrateCommand } from './migrate.ts';
import { addScanCommand } from './scan.ts';
import { addServeCommand } from './serve.ts';

/** The command line with all its commands. */
export function createProgram(): Command {
  const program = new Command('postern')
    .description('Judges the mail that leaves a mail system. To an MTA it looks like Rspamd.')
    .version(version, '-V, --version')
    .helpOption('-h, --help')
    .showHelpAfterError('(postern --help shows the commands)')
    .configureHelp({ sortSubcommands: true });
  addServeCommand(program);
  addConfigCommands(program);
  addDkimCommands(program);
  addLearnCommands(program);
  addFuzzyCommands(program);
  addLimitsCommands(program);
  addDmarcCommands(program);
  addMigrateCommand(program);
  addScanCommand(program);
  addCompletionCommand(program);
  addManCommand(program, version);
  return program;
}
