import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { describeProgram } from '../../src/cli/command-tree.js';
import { bashScript } from '../../src/cli/completion-bash.js';
import { fishScript } from '../../src/cli/completion-fish.js';
import { zshScript } from '../../src/cli/completion-zsh.js';

function program(): Command {
  const root = new Command('try-it').description('Tries.').version('1.0.0').helpCommand(false);
  root
    .command('convert')
    .summary("turn one's captures")
    .description('Turns captures.')
    .argument('<captures...>', 'what to read')
    .requiredOption('-o, --output <file>', 'the file [or -] to write')
    .optionsGroup('Framing:')
    .option('--resequence [N]', 'anew from N')
    .option('--remap <[OLD=]NEW>', 'may be repeated')
    .addOption(new Option('--pack <by>', 'how').choices(['timestamp', 'mtu']))
    .addOption(new Option('--secret').hideHelp())
    .addHelpText('after', '\nA note: read it.\nA second line.\n\nExamples:\n  try-it convert a -o b\n    deeper\n')
    .addHelpText('after', '\nExit codes:\n  0 ok');
  root.command('hidden', { hidden: true });
  return root;
}

describe('describeProgram', () => {
  it('readsWhatTheHelpShows', () => {
    const { name, version, commands } = describeProgram(program());
    expect({ name, version }).toEqual({ name: 'try-it', version: '1.0.0' });
    expect(commands).toHaveLength(1);
    expect(commands[0]).toEqual({
      name: 'convert',
      summary: "turn one's captures",
      description: 'Turns captures.',
      usage: 'try-it convert [options] <captures...>',
      arguments: [{ name: 'captures', description: 'what to read', variadic: true, choices: [] }],
      options: [
        option('--output', '-o', '-o, --output <file>', 'the file [or -] to write', 'Options', 'file'),
        option('--resequence', null, '--resequence [N]', 'anew from N', 'Framing', null),
        option('--remap', null, '--remap <[OLD=]NEW>', 'may be repeated', 'Framing', '[OLD=]NEW'),
        {
          ...option('--pack', null, '--pack <by>', 'how (choices: "timestamp", "mtu")', 'Framing', 'by'),
          choices: ['timestamp', 'mtu'],
        },
        option('--help', '-h', '-h, --help', 'display help for command', 'Options', null),
      ],
      sections: [
        { title: 'Notes', lines: ['A note: read it.', 'A second line.'] },
        { title: 'Examples', lines: ['try-it convert a -o b', '  deeper'] },
        { title: 'Exit codes', lines: ['0 ok'] },
      ],
    });
  });
});

describe('scripts', () => {
  const tree = describeProgram(program());

  it('bashKnowsShortOptionsThatTakeAValueAndSkipsOptionalValues', () => {
    const script = bashScript(tree);
    expect(script).toMatch(/'convert --output' \| 'convert -o' \| 'convert '\[0-9\]\*\) .*_try_it_files ;;/);
    expect(script).not.toContain("'convert --resequence'");
    expect(script).toMatch(/^complete -F _try_it try-it$/m);
  });

  it('zshEscapesBracketsQuotesAndColons', () => {
    const script = zshScript(tree);
    expect(script).toContain(`'*--output=[the file \\[or -\\] to write]:file:_files'`);
    expect(script).toContain(`'*-o+[the file \\[or -\\] to write]:file:_files'`);
    expect(script).toContain(`'convert:turn one'\\''s captures'`);
    expect(script).toContain(`'*:captures:_files'`);
    expect(script).toContain(`'*--resequence[anew from N]'`);
  });

  it('fishListsOptionsThatTakeAValue', () => {
    const script = fishScript(tree);
    expect(script).toContain("set -a __try-it_valued 'convert --output'\nset -a __try-it_valued 'convert -o'\n");
    expect(script).toContain("-l output -s o -r -F -d 'the file [or -] to write'");
    expect(script).toContain(`-a 'convert' -d 'turn one\\'s captures'`);
    expect(script).toContain("'__try-it_at convert 0 999' -F");
  });
});

function option(
  long: string,
  short: string | null,
  flags: string,
  description: string,
  group: string,
  placeholder: string | null,
) {
  return { long, short, flags, description, group, placeholder, choices: [] };
}
