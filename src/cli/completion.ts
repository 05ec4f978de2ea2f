import { Argument, type Command } from 'commander';
import { type CommandNode, describeCommands, flattenCommands, type ValueKind } from './command-tree.ts';

/** Text between single quotes for a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Path of a command as the scripts keep it: every name with a blank before it. */
function pathText(node: CommandNode): string {
  return node.path.map((name) => ` ${name}`).join('');
}

function isWordList(kind: ValueKind): kind is readonly string[] {
  return typeof kind !== 'string';
}

function bashOffer(kind: ValueKind): string {
  if (isWordList(kind)) return `words=${quote(kind.join(' '))}`;
  if (kind === 'file') return 'compopt -o default; return';
  return kind === 'folder' ? 'compopt -o dirnames; return' : 'return';
}

/** A completion script for bash 4 and later. */
function bashScript(root: CommandNode): string {
  const commands = flattenCommands(root);
  const steps: string[] = [];
  const values: string[] = [];
  const offers: string[] = [];
  for (const node of commands) {
    const path = pathText(node);
    for (const child of node.commands) steps.push(quote(`${path}:${child.path.at(-1)}`));
    for (const { flags, placeholder, valueKind } of node.options) {
      if (placeholder === undefined) continue;
      const patterns = flags.map((flag) => quote(`${path}:${flag}`)).join('|');
      values.push(`    ${patterns}) takes=yes; offer() { ${bashOffer(valueKind)}; } ;;`);
    }
    const names = node.commands.map((child) => child.path.at(-1)!);
    const argument = node.arguments[0];
    const offer = argument ? bashOffer(argument.valueKind) : `words=${quote(names.join(' '))}`;
    const flags = node.options.flatMap((option) => option.flags);
    offers.push(`    ${quote(path)}) flags=${quote(flags.join(' '))}; offer() { ${offer}; } ;;`);
  }
  return `# Completion for bash, made by: postern completion bash
# Load it with: source <(postern completion bash)

# Does this option of this command take a value? Sets what there is to offer for it.
_postern_option() {
  takes=no
  case $1 in
${values.join('\n')}
  esac
}

_postern() {
  local current=\${COMP_WORDS[COMP_CWORD]} option='' path='' flags='' words='' takes=no word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    _postern_option "$path:$word"
    if [[ $takes == yes ]]; then
      # bash takes "--option=value" for three words.
      [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
      ((i++))
      ((i >= COMP_CWORD)) && option=$word
      continue
    fi
    case "$path:$word" in
      ${steps.join(' | \\\n      ')}) path+=" $word" ;;
    esac
  done
  [[ $current == '=' ]] && current=''
  COMPREPLY=()
  if [[ -n $option ]]; then
    _postern_option "$path:$option"
    offer
  else
    case $path in
${offers.join('\n')}
    esac
    if [[ $current == -* ]]; then words=$flags; else offer; fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}

complete -F _postern postern
`;
}

function zshAction(kind: ValueKind): string {
  if (isWordList(kind)) return `(${kind.join(' ')})`;
  if (kind === 'file') return '_files';
  return kind === 'folder' ? '_files -/' : ' ';
}

/** Descriptions in \`_arguments\` end at a bracket or colon. */
function zshText(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, '\\$&');
}

function zshFunction(node: CommandNode): string {
  const name = `_postern${node.path.map((part) => `_${part}`).join('')}`;
  const specs = node.options.flatMap(({ flags, placeholder, valueKind, description }) => {
    const value = placeholder === undefined ? '' : `:${zshText(placeholder)}:${zshAction(valueKind)}`;
    return flags.map((flag) => {
      const takes = placeholder !== undefined && flag.startsWith('--') ? '=' : '';
      return quote(`*${flag}${takes}[${zshText(description)}]${value}`);
    });
  });
  if (node.commands.length === 0) {
    for (const { placeholder, valueKind, isVariadic } of node.arguments) {
      specs.push(quote(`${isVariadic ? '*' : ''}:${zshText(placeholder)}:${zshAction(valueKind)}`));
    }
    return `${name}() {\n  _arguments ${specs.join(' \\\n    ')}\n}\n`;
  }
  const listed = node.commands
    .map((child) => quote(`${child.path.at(-1)}:${child.summary.replaceAll(':', '\\:')}`))
    .join(' ');
  const cases = node.commands.map((child) => `    ${child.path.at(-1)}) ${name}_${child.path.at(-1)} ;;`);
  return `${name}() {
  local curcontext=$curcontext state line
  local -a commands=(${listed})
  _arguments -C ${specs.join(' \\\n    ')} \\
    '1:command:{_describe command commands}' '*::argument:->argument'
  [[ $state == argument ]] || return
  case $words[1] in
${cases.join('\n')}
  esac
}
`;
}

/** A completion script for zsh. */
function zshScript(root: CommandNode): string {
  const functions = flattenCommands(root).map(zshFunction).join('\n');
  return `#compdef postern
# Completion for zsh, made by: postern completion zsh
# Put it into a folder of $fpath as _postern, or load it with: source <(postern completion zsh)

${functions}
if [[ $funcstack[1] == _postern ]]; then _postern "$@"; else compdef _postern postern; fi
`;
}

function fishOffer(kind: ValueKind): string {
  if (isWordList(kind)) return `-xa ${quote(kind.join(' '))}`;
  if (kind === 'file') return '-rF';
  return kind === 'folder' ? "-xa '(__fish_complete_directories)'" : '-x';
}

/** A completion script for fish. */
function fishScript(root: CommandNode): string {
  const lines = [
    '# Completion for fish, made by: postern completion fish',
    '# Load it with: postern completion fish | source',
    'complete -c postern -f',
  ];
  for (const node of flattenCommands(root)) {
    const seen = node.path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const names = node.commands.map((child) => child.path.at(-1)!).join(' ');
    const here = [...seen, ...(names ? [`not __fish_seen_subcommand_from ${names}`] : [])];
    const condition = `complete -c postern -n ${quote(here.join('; and '))}`;
    for (const child of node.commands)
      lines.push(`${condition} -a ${child.path.at(-1)} -d ${quote(child.summary)}`);
    for (const { flags, placeholder, valueKind, description } of node.options) {
      const spelled = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag[1]}`));
      const offer = placeholder === undefined ? '' : ` ${fishOffer(valueKind)}`;
      lines.push(`${condition} ${spelled.join(' ')}${offer} -d ${quote(description)}`);
    }
    const argument = node.arguments[0];
    if (argument?.valueKind === 'file') lines.push(`${condition} -F`);
    else if (argument && isWordList(argument.valueKind))
      lines.push(`${condition} -a ${quote(argument.valueKind.join(' '))}`);
  }
  return `${lines.join('\n')}\n`;
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Shells there is a script for. */
export type Shell = keyof typeof scripts;

/** The completion script of a program: made from its commands, so that it knows every option there is. */
export function completionScript(program: Command, shell: Shell): string {
  return scripts[shell](describeCommands(program));
}

/** `postern completion` */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that completes commands, options and files.')
    .addArgument(new Argument('<shell>', 'shell').choices(Object.keys(scripts)))
    .addHelpText('after', '\nFor bash, in ~/.bashrc: source <(postern completion bash)')
    .action((shell: Shell) => void process.stdout.write(completionScript(program, shell)));
}
