import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const scripts: Record<string, string> = {};
/** Types of ITCH, then templates of MDP in any version. */
const allTypes = [
  ...'S R H Y L V W K J h A F E C X D U P Q B I N O'.split(' '),
  ...'4 12 15 16 27 29 30 32 33 34 35 36 37 38 39 41 42 43 44 46 47 48 49 50 51 52 53 54 55 56 57 58 59'.split(' '),
  ...'60 61 62 63 64 65 66 67 68 69'.split(' '),
];

beforeAll(async () => {
  mkdirSync(join(folder, 'captures'));
  for (const name of ['session.pcap', 'my session.pcap']) writeFileSync(join(folder, name), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await run(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    scripts[shell] = join(folder, `script.${shell}`);
    writeFileSync(scripts[shell], stdout);
  }
});

function shell(name: string, ...args: string[]): string[] {
  const { stdout, stderr } = spawnSync(name, args, { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

/** Whether the machine has the shell; its absence is told in the name of the test that is skipped. */
function has(name: string): boolean {
  return spawnSync(name, ['-c', 'true']).status === 0;
}

function unless(name: string): string {
  return has(name) ? '' : ` (skipped: no ${name} on this machine)`;
}

/** Words of the line as bash has them, split at the colons and equals signs of COMP_WORDBREAKS; the last is completed. */
function inBash(line: string, breaks = ':='): string[] {
  const split = breaks === '' ? line.split(' ') : line.split(' ').flatMap((word) => splitAt(word, breaks));
  const driver = `source "$1"; COMP_WORDBREAKS=" $2"; shift 2; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tickreel
    for reply in "\${COMPREPLY[@]}"; do echo "$reply"; done`;
  return shell('bash', '--norc', '-c', driver, 'bash', scripts.bash, breaks, ...split);
}

function splitAt(word: string, breaks: string): string[] {
  return word === '' ? [''] : word.split(new RegExp(`([${breaks}]+)`)).filter((part) => part !== '');
}

/** A line up to the cursor, and what is offered: what replaces the part behind the last colon or equals sign. */
const vectors: [string, string[]][] = [
  ['tickreel re', ['record', 'replay', 'reference']],
  ['tickreel --v', ['--version']],
  ['tickreel replay s', ['session.pcap', 'script.bash', 'script.zsh', 'script.fish']],
  ['tickreel replay my', ['my session.pcap']],
  ['tickreel replay session.pcap --spee', ['--speed']],
  ['tickreel replay session.pcap --speed 1', '1x 10x 10kpps 100kpps 100kmsg/s 1Mmsg/s 100Mbps 1Gbps'.split(' ')],
  ['tickreel replay --speed=0', ['0.5x']],
  ['tickreel replay --speed max ses', ['session.pcap']],
  ['tickreel replay --dry-run ses', ['session.pcap']],
  ['tickreel replay session.pcap --on-late ', ['catch-up', 'shift', 'drop']],
  ['tickreel replay session.pcap --to ud', ['udp://127.0.0.1:26477', 'udp://239.255.42.1:26477?iface=127.0.0.1']],
  ['tickreel replay session.pcap --to udp:', ['//127.0.0.1:26477', '//239.255.42.1:26477?iface=127.0.0.1']],
  ['tickreel replay session.pcap --to udp://2', ['//239.255.42.1:26477?iface=127.0.0.1']],
  ['tickreel replay session.pcap --to=in', ['inproc', 'inproc:ring']],
  ['tickreel replay session.pcap --to=inproc:', ['ring']],
  ['tickreel replay session.pcap --to pcap:ses', ['session.pcap']],
  ['tickreel replay session.pcap --limit ', []],
  ['tickreel replay session.pcap --report sess', ['session.pcap']],
  ['tickreel replay session.pcap --to inproc --loop-s', ['--loop-sequence']],
  ['tickreel listen udp://1', ['//127.0.0.1:26477']],
  ['tickreel decode session.pcap --type ', allTypes],
  ['tickreel decode session.pcap --type A,', allTypes.map((type) => `A,${type}`)],
  ['tickreel decode session.pcap --fields type,stockL', ['type,stockLocate']],
  ['tickreel decode session.pcap --format t', ['table']],
  ['tickreel decode session.pcap --port-map 26477=n', ['none']],
  ['tickreel reference ', ['itch50', 'mdp3']],
  ['tickreel completion ', ['bash', 'zsh', 'fish']],
  ['tickreel help tim', ['times']],
  ['tickreel doctor ', ['--json', '--help', '-h']],
  ['tickreel nonsense ', []],
];

describe('bash', () => {
  it.each(vectors)('%s', (line, offered) => {
    expect(inBash(line).sort()).toEqual([...offered].sort());
  });

  it('knowsEveryCommandAndEveryOption', async () => {
    const { stdout } = await run(['--help']);
    const commands = [...(/^Commands:\n((?: .*\n)+)/m.exec(stdout)?.[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)];
    const names = commands.map(([, name]) => name);
    expect(inBash('tickreel ').sort()).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['replay', 'listen', 'doctor', 'completion', 'manual', 'help']));
    for (const name of names) {
      const help = (await run([name, '--help'])).stdout;
      const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
      expect(inBash(`tickreel ${name} --`).sort()).toEqual(options.sort());
    }
  });

  it('replacesWholeWordsWhereBashDoesNotSplitThem', () => {
    expect(inBash('tickreel replay --to udp://1', '')).toEqual(['udp://127.0.0.1:26477']);
    expect(inBash('tickreel replay --to pcap:ses', '')).toEqual(['pcap:session.pcap']);
  });

  it('isBashWithoutComplaint', () => {
    expect(shell('bash', '-n', scripts.bash)).toEqual([]);
  });
});

describe('zsh', () => {
  it.skipIf(!has('zsh'))(`isZshWithoutComplaint${unless('zsh')}`, () => {
    expect(shell('zsh', '-f', '-n', scripts.zsh)).toEqual([]);
  });

  it('quotesWhatZshWouldRead', async () => {
    const { stdout } = await run(['completion', 'zsh']);
    expect(stdout.startsWith('#compdef tickreel\n')).toBe(true);
    expect(stdout).toContain(`'*--to=[udp://HOST:PORT\\[?ttl=N&iface=IF`);
    expect(stdout).toContain(`BinaryFILE messages by their type'\\''s length`);
    expect(stdout).toMatch(/'\*:captures:_files'/);
  });
});

describe('fish', () => {
  const rows: [string, string[]][] = [
    ['tickreel re', ['record', 'reference', 'replay']],
    ['tickreel replay sess', ['session.pcap']],
    ['tickreel replay session.pcap --to=in', ['--to=inproc', '--to=inproc:ring']],
    ['tickreel replay session.pcap --on-late ', ['catch-up', 'drop', 'shift']],
    ['tickreel decode x --type A,', allTypes.map((type) => `A,${type}`)],
    ['tickreel help tim', ['times']],
    ['tickreel reference itch50 ', []],
  ];
  it.skipIf(!has('fish'))(`completes${unless('fish')}`, () => {
    for (const [line, offered] of rows) {
      const lines = shell('fish', '-N', '-c', `source ${scripts.fish}; complete -C '${line}'`);
      expect(lines.map((each) => each.split('\t')[0]).sort(), line).toEqual([...offered].sort());
    }
  });
});

describe('completion', () => {
  it('refusesOtherShells', async () => {
    const { code, stderr } = await run(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/bash, zsh, fish/);
  });
});
