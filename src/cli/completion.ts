/** `tickreel completion`: a script that completes commands, options and their values, for bash, zsh or fish. */
import { Argument, type Command } from 'commander';
import { describeProgram, type ProgramNode } from './command-tree.js';
import { bashScript } from './completion-bash.js';
import { fishScript } from './completion-fish.js';
import { zshScript } from './completion-zsh.js';
import { Output } from './output.js';

export const completionScripts: Readonly<Record<string, (program: ProgramNode) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description(
      'Prints a script that completes commands, options and their values, files included. It is made for this ' +
        'version, and starts nothing while you type.',
    )
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(completionScripts)))
    .addHelpText(
      'after',
      `
Install:
  bash  tickreel completion bash > ~/.local/share/bash-completion/completions/tickreel
        (needs the package bash-completion; without it: source <(tickreel completion bash) in ~/.bashrc)
  zsh   tickreel completion zsh > ~/.zfunc/_tickreel
        (with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc)
  fish  tickreel completion fish > ~/.config/fish/completions/tickreel.fish

Examples:
  source <(tickreel completion bash)
  tickreel completion fish | source`,
    )
    .action(async (shell: string) => {
      const output = new Output();
      output.write(completionScripts[shell](describeProgram(program)));
      await output.end();
    });
}
