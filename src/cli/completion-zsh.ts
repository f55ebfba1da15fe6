/** The completion script for zsh: `_arguments` for each command, with descriptions. */
import type { CommandNode, OptionNode, ProgramNode } from './command-tree.js';
import { type Completion, completionOfArgument, completionOfOption } from './completion-words.js';

export function zshScript(program: ProgramNode): string {
  const { name } = program;
  const sets = new WordSets(name);
  const cases = program.commands.map((command) => commandCase(command, sets)).join('\n');
  const commands = program.commands.map((command) => `    ${quoted(`${escaped(command.name)}:${command.summary}`)}`);
  return `#compdef ${name}
# Completion for zsh of ${name} ${program.version}, printed by: ${name} completion zsh

${sets.functions()}
_${name}() {
  local curcontext=$curcontext state line ret=1
  typeset -A opt_args
  local -a commands
  commands=(
${commands.join('\n')}
  )
  _arguments -C -S ${program.options.map(optionSpec(sets)).join(' ')} \\
    '1:command:->command' '*::argument:->argument' && ret=0
  case $state in
    command) _describe -t commands '${name} command' commands && ret=0 ;;
    argument)
      case $line[1] in
${cases}
      esac
      ;;
  esac
  return ret
}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function commandCase(command: CommandNode, sets: WordSets): string {
  const specs = [
    ...command.options.map(optionSpec(sets)),
    ...command.arguments.map((argument, index) => {
      const place = argument.variadic ? '*' : String(index + 1);
      return quoted(`${place}:${escaped(argument.name)}:${sets.action(completionOfArgument(argument))}`);
    }),
  ];
  const joined = specs.join(' \\\n            ');
  return `        ${command.name})\n          _arguments -S \\\n            ${joined} && ret=0\n          ;;`;
}

/** `'--to=[where to]:target:_set'`; the equals sign allows for `--to=WORD`, the plus sign for `-oWORD`. */
function optionSpec(sets: WordSets): (option: OptionNode) => string {
  return (option) => {
    const explained = `[${option.description.replace(/[\\[\]]/g, '\\$&')}]`;
    const value =
      option.placeholder === null ? '' : `:${escaped(option.placeholder)}:${sets.action(completionOfOption(option))}`;
    const spell = (name: string, withValue: string): string =>
      quoted(`*${name}${value === '' ? '' : withValue}${explained}${value}`);
    return [spell(option.long, '='), ...(option.short === null ? [] : [spell(option.short, '+')])].join(' ');
  };
}

/** Functions that offer words, one for each different set. */
class WordSets {
  private readonly bodies = new Map<string, string>();
  private readonly program: string;

  constructor(program: string) {
    this.program = program;
  }

  /** The action for `_arguments`; a blank does nothing. */
  action(completion: Completion): string {
    if (completion.kind === 'nothing') return ' ';
    if (completion.kind === 'files') return '_files';
    const body = completion.kind === 'list' ? listBody(completion.words) : wordsBody(completion.words);
    const name = this.bodies.get(body) ?? `_${this.program}_words_${this.bodies.size + 1}`;
    this.bodies.set(body, name);
    return name;
  }

  functions(): string {
    return [...this.bodies].map(([body, name]) => `${name}() {\n${body}\n}\n`).join('\n');
  }
}

function wordsBody(words: readonly string[]): string {
  const open = words.filter((word) => word.endsWith(':'));
  const whole = words.filter((word) => !word.endsWith(':'));
  // Behind a word that ends with a colon, such as pcap:, stands a file.
  const lines = open.map((word) => `  compset -P ${quoted(word)} && { _files; return }`);
  lines.push(`  compadd "$@" -- ${whole.map(quoted).join(' ')}`);
  if (open.length > 0) lines.push(`  compadd "$@" -S '' -- ${open.map(quoted).join(' ')}`);
  return lines.join('\n');
}

function listBody(words: readonly string[]): string {
  return `  compset -P '*,'\n  compadd "$@" -q -S , -- ${words.map(quoted).join(' ')}`;
}

function escaped(text: string): string {
  return text.replace(/[:\\]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
