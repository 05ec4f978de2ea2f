import type { Argument, Command, Option } from 'commander';

/** What a shell can offer for a value: nothing, files, folders, or these words. */
export type ValueKind = 'text' | 'file' | 'folder' | readonly string[];

export interface OptionNode {
  /** Short and long spelling, `['-u', '--user']`. */
  readonly flags: readonly string[];
  /** Placeholder of the value, without brackets; undefined: a switch. */
  readonly placeholder: string | undefined;
  readonly valueKind: ValueKind;
  readonly description: string;
  /** Default as the help shows it. */
  readonly fallback: string | undefined;
}

export interface ArgumentNode {
  readonly placeholder: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly valueKind: ValueKind;
  readonly description: string;
}

/** One command of the program with everything that completion and manual say about it. */
export interface CommandNode {
  /** Names from the program down; the program itself is `[]`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly description: string;
  /** Text behind the help of the command, such as its exit codes. */
  readonly notes: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
}

function valueKind(placeholder: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return choices;
  if (placeholder === 'file') return 'file';
  return placeholder === 'dir' ? 'folder' : 'text';
}

function describeDefault({ defaultValue, defaultValueDescription }: Option | Argument): string | undefined {
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  const isPlain = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  return isPlain ? String(defaultValue) : undefined;
}

function describeOption(option: Option): OptionNode {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1]?.replace(/\.\.\.$/, '');
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    placeholder,
    valueKind: valueKind(placeholder ?? '', option.argChoices),
    description: option.description,
    fallback: describeDefault(option),
  };
}

function describeArgument(argument: Argument): ArgumentNode {
  return {
    placeholder: argument.name(),
    isRequired: argument.required,
    isVariadic: argument.variadic,
    valueKind: valueKind(argument.name(), argument.argChoices),
    description: argument.description,
  };
}

/** What `addHelpText` put behind the help: it is printed only, so printing is listened to. */
function notesOf(command: Command): string {
  const before = command.configureOutput();
  let printed = '';
  command.configureOutput({ ...before, writeOut: (text) => (printed += text) });
  command.outputHelp();
  command.configureOutput(before);
  return printed.slice(command.helpInformation().length).trim();
}

/** The commands of a program as plain data, in the order of the help. */
export function describeCommands(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  return {
    path,
    summary: command.summary() || command.description(),
    description: command.description(),
    notes: notesOf(command),
    arguments: command.registeredArguments.map(describeArgument),
    options: help.visibleOptions(command).map(describeOption),
    commands: [...command.commands]
      .sort((a, b) => a.name().localeCompare(b.name(), 'en'))
      .map((child) => describeCommands(child, [...path, child.name()])),
  };
}

/** A command and all below it, parents first. */
export function flattenCommands(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.commands.flatMap(flattenCommands)];
}
