/** The completion script for fish, 3.0 and later: a `complete` line an option. */
import type { ArgumentNode, CommandNode, OptionNode, ProgramNode } from './command-tree.js';
import { type Completion, completionOfArgument, completionOfOption } from './completion-words.js';

export function fishScript(program: ProgramNode): string {
  const { name } = program;
  const lines = [
    ...program.options.map((option) => optionLine(name, '__tickreel_at', option)),
    ...program.commands.flatMap((command) => commandLines(name, command)),
  ];
  return `# Completion for fish of ${name} ${program.version}, printed by: ${name} completion fish
${helpers(name)}
complete -c ${name} -f
${lines.join('\n')}
`.replaceAll('__tickreel_', `__${name}_`);
}

function helpers(name: string): string {
  return `
# Whether the command is this one (or none yet), and, if asked, whether so many arguments are behind it.
function __tickreel_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l command
    set -l count 0
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
        else if string match -qr -- '^-' $word
            contains -- "$command $word" $__tickreel_valued; and set skip 1
        else if test -z "$command"
            set command $word
        else
            set count (math $count + 1)
        end
    end
    test "$command" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $count -ge $argv[2] -a $count -le $argv[3]
end

# Words joined by commas: what is there already, and each of them.
function __tickreel_list
    set -l before (commandline -ct | string replace -r -- '^--[^=]*=' '' | string match -r -- '^.*,')
    for word in $argv
        echo "$before$word"
    end
end

complete -c ${name} -e
set -g __tickreel_valued`;
}

function commandLines(name: string, command: CommandNode): string[] {
  const valued = command.options.filter(({ placeholder }) => placeholder !== null);
  return [
    ...valued
      .flatMap(({ long, short }) => (short === null ? [long] : [long, short]))
      .map((spelling) => `set -a __tickreel_valued ${quoted(`${command.name} ${spelling}`)}`),
    `complete -c ${name} -n __tickreel_at -a ${quoted(command.name)} -d ${quoted(command.summary)}`,
    ...command.options.map((option) => optionLine(name, quoted(`__tickreel_at ${command.name}`), option)),
    ...command.arguments.map((argument, index) => argumentLine(name, command, argument, index)),
  ];
}

function optionLine(name: string, condition: string, option: OptionNode): string {
  const short = option.short === null ? '' : ` -s ${option.short.slice(1)}`;
  const value = option.placeholder === null ? '' : ` ${action(completionOfOption(option), '-r -F', '-x')}`;
  const spelling = `-l ${option.long.slice(2)}${short}`;
  return `complete -c ${name} -n ${condition} ${spelling}${value} -d ${quoted(option.description)}`;
}

function argumentLine(name: string, command: CommandNode, argument: ArgumentNode, index: number): string {
  const last = argument.variadic ? 999 : index;
  const condition = quoted(`__tickreel_at ${command.name} ${index} ${last}`);
  return `complete -c ${name} -n ${condition} ${action(completionOfArgument(argument), '-F', '')}`.trimEnd();
}

/** How a value is completed: `forFiles`, or words behind `forWords`. */
function action(completion: Completion, forFiles: string, forWords: string): string {
  if (completion.kind === 'files') return forFiles;
  if (completion.kind === 'nothing') return forWords;
  const words = completion.words.map(quoted).join(' ');
  const list = completion.kind === 'list' ? quoted(`(__tickreel_list ${words})`) : quoted(words);
  return `${forWords} -a ${list}`.trim();
}

/** In single quotes, where fish reads \\\\ and \\'. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
