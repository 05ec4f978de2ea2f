import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Argument, Command, Option } from 'commander';
import { completionScript, type Shell } from './completion.ts';
import { createProgram } from './program.ts';

/**
 * Completes a command line in a real bash, as readline would: words split at blanks and equals signs. `compopt`
 * only works under readline, so it says what it was asked for.
 */
function complete(line: string, program: Command = createProgram()): readonly string[] {
  const words = line.split(' ').flatMap((word) => {
    const at = word.startsWith('--') ? word.indexOf('=') : -1;
    return at < 0 ? [word] : [word.slice(0, at), '=', word.slice(at + 1)].filter((part) => part !== '');
  });
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '--noprofile'], {
    input: `compopt() { echo "compopt $*"; }
${completionScript(program, 'bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_postern
printf '%s\\n' "\${COMPREPLY[@]}"
`,
    encoding: 'utf8',
  });
  assert.deepEqual({ stderr, status }, { stderr: '', status: 0 });
  return stdout.split('\n').filter((word) => word !== '');
}

function sample(): Command {
  const program = new Command('postern');
  program
    .command('key')
    .addOption(new Option('--type <type>', "the key's [type]: one").choices(['rsa', 'ed']));
  program.command('say').addArgument(new Argument('<word>', 'word').choices(['yes', 'no']));
  return program;
}

test('bash completes commands', () => {
  assert.deepEqual(complete('postern s'), ['scan', 'serve']);
  assert.deepEqual(complete('postern config '), ['check', 'dump']);
});

test('bash completes the options of the command that was typed', () => {
  assert.deepEqual(complete('postern config dump --s'), ['--state', '--secrets']);
  assert.deepEqual(complete('postern serve --allow'), ['--allow-unsupported']);
  assert.deepEqual(complete('postern -'), ['-V', '--version', '-h', '--help']);
});

test('bash does not take the value of an option for a command', () => {
  assert.deepEqual(complete('postern scan --user serve --allow'), []);
  assert.deepEqual(complete('postern scan --user=serve --js'), ['--json']);
  assert.deepEqual(complete('postern scan -u serve --js'), ['--json']);
});

test('bash completes files and folders where values are such', () => {
  assert.deepEqual(complete('postern serve --config '), ['compopt -o dirnames']);
  assert.deepEqual(complete('postern serve --config=x'), ['compopt -o dirnames']);
  assert.deepEqual(complete('postern dkim check --key '), ['compopt -o default']);
  assert.deepEqual(complete('postern scan me'), ['compopt -o default']);
  assert.deepEqual(complete('postern scan --user '), []);
});

test('bash completes values and arguments with fixed choices', () => {
  assert.deepEqual(complete('postern key --type ', sample()), ['rsa', 'ed']);
  assert.deepEqual(complete('postern key --type=r', sample()), ['rsa']);
  assert.deepEqual(complete('postern say y', sample()), ['yes']);
  assert.deepEqual(complete('postern completion f'), ['fish']);
});

for (const shell of ['bash', 'zsh', 'fish'] as const satisfies readonly Shell[]) {
  test(`the script for ${shell} knows every option of every command`, () => {
    const script = completionScript(createProgram(), shell);
    const visit = (command: Command): void => {
      for (const { long } of command.options) {
        if (long) assert.ok(script.includes(shell === 'fish' ? `-l ${long.slice(2)}` : long), long);
      }
      command.commands.forEach(visit);
    };
    visit(createProgram());
  });
}

test('descriptions are quoted for each shell', () => {
  assert.ok(
    completionScript(sample(), 'zsh').includes(`*--type=[the key'\\''s \\[type\\]\\: one]:type:(rsa ed)`),
  );
  assert.ok(completionScript(sample(), 'fish').includes(`-xa 'rsa ed' -d 'the key'\\''s [type]: one'`));
});
