/** The completion script for bash, 3.2 and later: one function and its tables, nothing started while one types. */
import type { CommandNode, OptionNode, ProgramNode } from './command-tree.js';
import { type Completion, completionOfArgument, completionOfOption } from './completion-words.js';

export function bashScript(program: ProgramNode): string {
  const name = program.name.replaceAll('-', '_');
  return `# Completion for bash of ${program.name} ${program.version}, printed by: ${program.name} completion bash
${helpers(name)}
# What completes the value of an option, or an argument, of a command: \`command --option\` or \`command N\`.
_${name}_value() {
  case $1 in
${valueCases(name, program)}
    *) return 1 ;;
  esac
  return 0
}

_${name}_options() {
  case $1 in
${[program, ...program.commands].map((command) => optionCase(command, command === program)).join('\n')}
  esac
}

${mainFunction(name, program)}
complete -F _${name} ${program.name}
`;
}

/** Bash splits words at the colons and equals signs of COMP_WORDBREAKS, and replaces what is behind the last one. */
function helpers(name: string): string {
  return `_${name}_words() {
  local word
  while IFS= read -r word; do
    COMPREPLY+=("\${word#"$trim"}")
    case $word in *[:=,/]) compopt -o nospace 2>/dev/null ;; esac
  done < <(compgen -W "$*" -- "$cur")
  # Behind a word that ends with a colon, such as pcap:, stands a file.
  for word in $*; do
    case $word in *:) ;; *) continue ;; esac
    case $cur in "$word"*)
      COMPREPLY=()
      _${name}_files "$word"
      ;;
    esac
  done
}

_${name}_list() {
  local before='' word
  case $cur in *,*) before=\${cur%,*}, ;; esac
  compopt -o nospace 2>/dev/null
  while IFS= read -r word; do
    COMPREPLY+=("\${before#"$trim"}$word")
  done < <(compgen -W "$*" -- "\${cur#"$before"}")
}

_${name}_files() {
  local path before=$1
  compopt -o filenames 2>/dev/null
  while IFS= read -r path; do
    path=$before$path
    COMPREPLY+=("\${path#"$trim"}")
  done < <(compgen -f -- "\${cur#"$before"}")
}
`;
}

function mainFunction(name: string, program: ProgramNode): string {
  return `_${name}() {
  local -a typed=()
  local cur prev='' trim='' command='' option='' word joined='' breaks='' number=0 i n=-1
  COMPREPLY=()
  # Words that bash split are joined again. An empty word is behind a space: it begins anew.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $word && -z \${word//[:=]/} && n -gt 0 ]]; then
      typed[n]+=$word
      joined=yes
    elif [[ -n $joined && -n $word ]]; then
      typed[n]+=$word
      joined=''
    else
      n=$((n + 1))
      typed[n]=$word
      joined=''
    fi
  done
  cur=\${typed[n]}
  # The command, and how many arguments stand before the cursor.
  for ((i = 1; i < n; i++)); do
    word=\${typed[i]}
    case $word in
      -*=*) ;;
      -*) [[ -n $command ]] && _${name}_value "$command $word" probe && i=$((i + 1)) ;;
      *) if [[ -z $command ]]; then command=$word; else number=$((number + 1)); fi ;;
    esac
  done
  [[ n -gt 1 ]] && prev=\${typed[n - 1]}
  case $cur in
    --*=*)
      option=\${cur%%=*}
      [[ $COMP_WORDBREAKS == *=* ]] || return
      cur=\${cur#*=}
      ;;
    *) case $prev in -*) option=$prev ;; esac ;;
  esac
  [[ $COMP_WORDBREAKS == *:* ]] && breaks=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='
  [[ -n $breaks ]] && trim=\${cur%"\${cur##*[$breaks]}"}
  [[ -n $command && -n $option ]] && _${name}_value "$command $option" && return
  case $cur in
    -*) _${name}_words "$(_${name}_options "$command")" ;;
    *)
      if [[ -z $command ]]; then
        _${name}_words ${quoted(program.commands.map((command) => command.name))}
      else
        _${name}_value "$command $number" || _${name}_words "$(_${name}_options "$command")"
      fi
      ;;
  esac
}
`;
}

/** What takes the same values shares a case; a second word, `probe`, asks only whether the place is known. */
function valueCases(name: string, program: ProgramNode): string {
  const patterns = new Map<string, string[]>();
  const add = (completion: Completion, pattern: string): void => {
    const does = action(name, completion);
    patterns.set(does, [...(patterns.get(does) ?? []), pattern]);
  };
  for (const command of program.commands) {
    for (const option of command.options.filter(({ placeholder }) => placeholder !== null)) {
      for (const spelling of spellings(option))
        add(completionOfOption(option), quoted([`${command.name} ${spelling}`]));
    }
    for (const [index, argument] of command.arguments.entries()) {
      const place = argument.variadic ? `${quoted([`${command.name} `])}[0-9]*` : quoted([`${command.name} ${index}`]);
      add(completionOfArgument(argument), place);
    }
  }
  return [...patterns].map(([does, each]) => `    ${each.join(' | ')}) [[ -n $2 ]] || ${does} ;;`).join('\n');
}

function action(name: string, completion: Completion): string {
  if (completion.kind === 'nothing') return ':';
  return completion.kind === 'files' ? `_${name}_files` : `_${name}_${completion.kind} ${quoted(completion.words)}`;
}

function optionCase(command: CommandNode, isProgram: boolean): string {
  return `    ${isProgram ? "''" : command.name}) echo ${quoted(command.options.flatMap(spellings))} ;;`;
}

function spellings({ long, short }: OptionNode): string[] {
  return short === null ? [long] : [long, short];
}

/** The words as one word of the shell. */
function quoted(words: readonly string[]): string {
  return `'${words.join(' ').replaceAll("'", "'\\''")}'`;
}
