import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { renderManPage } from './man.ts';
import { createProgram } from './program.ts';

test('the manual page names every command and every option', () => {
  const page = renderManPage(createProgram(), '1.2.3');
  const visit = (command: Command, path: readonly string[]): void => {
    if (command.commands.length === 0) assert.ok(page.includes(`.SS ${path.join(' ')}\n`), path.join(' '));
    for (const { long = '' } of command.options)
      assert.ok(page.includes(`\\fB${long.replaceAll('-', '\\-')}\\fR`), long);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(createProgram(), ['postern']);
  assert.ok(page.includes('.TH POSTERN 1 "" "postern 1.2.3" "User Commands"'));
});

test('exit codes behind the help are on the manual page', () => {
  assert.match(renderManPage(createProgram(), '1'), /Exit code: 0 usable, 1 starts only/);
});

test('text that roff would read as a request is printed as it is', () => {
  const program = new Command('postern').description('d');
  program.command('x').description(".so /etc/passwd\n'br a\\b");
  const page = renderManPage(program, '1');
  assert.ok(page.includes("\n\\&.so /etc/passwd\n.br\n\\&'br a\\eb\n"));
});

test('the manual page holds nothing of the machine it was made on', () => {
  assert.ok(!renderManPage(createProgram(), '1').includes(process.cwd()));
});
