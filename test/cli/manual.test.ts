import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandProse } from '../../src/cli/prose.js';
import { topics } from '../../src/cli/topics.js';
import { exitCode } from '../../src/core/exit-code.js';
import { run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const pages = join(folder, 'deep', 'man1');
const hasGroff = spawnSync('groff', ['--version']).status === 0;
let commands: string[] = [];
let allHelp = '';

beforeAll(async () => {
  const { stdout } = await run(['manual', '--format', 'man', '--write', pages]);
  const names = stdout.trim().split('\n');
  expect(names[0]).toBe(join(pages, 'tickreel.1'));
  commands = names.slice(1).map((path) => /tickreel-([\w-]+)\.1$/.exec(path)?.[1] ?? path);
  for (const command of commands) allHelp += (await run([command, '--help'])).stdout;
}, 60_000);

describe('help', () => {
  it('ofEveryCommandDescribesItAndGivesExamples', async () => {
    expect(commands).toEqual(expect.arrayContaining(['replay', 'listen', 'decode', 'inspect', 'demo', 'doctor']));
    for (const command of commands) {
      expect(allHelp).toMatch(new RegExp(`^Usage: tickreel ${command}.*\\n\\n[A-Z]`, 'm'));
      expect(allHelp, command).toMatch(new RegExp(`Examples?:\\n(?: .*\\n)* .*(tickreel ${command})`));
    }
  });

  it('helpOfACommandIsTheSameBothWays', async () => {
    for (const command of ['replay', 'help']) {
      const { code, stdout } = await run(['help', command]);
      expect(code).toBe(0);
      expect(stdout).toBe((await run([command, '--help'])).stdout);
    }
    expect((await run(['help'])).stdout).toBe((await run(['--help'])).stdout);
  });

  it('namesTheTopicsThatExplainACommand', () => {
    expect(allHelp).toContain(
      'Explained by tickreel help TOPIC: targets, rates, load, pacing, control, times, filters, formats, lines, faults. The whole page: tickreel manual replay',
    );
    expect(allHelp).toContain(
      'Explained by tickreel help TOPIC: targets, rates, load, times, formats, lines, counter. The whole page: tickreel manual listen',
    );
    expect(allHelp).not.toContain('tickreel manual doctor');
  });

  it('printsATopic', async () => {
    const { code, stdout } = await run(['help', 'times']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Times and units\n\n {2}A moment is one of:\n/);
    expect(stdout).toMatch(/1767623400000000000\n +nanoseconds since 1970/);
    expect(stdout.split('\n').every((line) => line.length <= 78)).toBe(true);
  });

  it('refusesWhatItDoesNotKnow', async () => {
    const { code, stderr } = await run(['help', 'nonsense']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/replay, .*times/);
  });
});

describe('topics', () => {
  it('speakOfOptionsAndCommandsThatThereAre', () => {
    const text = JSON.stringify([topics, commandProse]);
    const known = new Set([...allHelp.matchAll(/(--[a-z][\w-]*)/g)].map(([option]) => option));
    const unknown = [...text.matchAll(/--[a-z][\w-]*/g)].map(([option]) => option).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
    expect(Object.keys(commandProse).filter((name) => !commands.includes(name))).toEqual([]);
    for (const [, name] of text.matchAll(/tickreel ([a-z][a-z-]*)/g)) {
      if (['reads', 'while'].includes(name)) continue;
      expect(commands).toContain(name);
    }
  });

  it('giveEveryExitCode', () => {
    const rows = topics.find(({ name }) => name === 'exit-codes')?.blocks[0] as { rows: [string, string][] };
    expect(rows.rows.map(([code]) => Number(code))).toEqual(Object.values(exitCode));
  });
});

describe('manual', () => {
  it('writesAPageForTheProgramAndForEachCommand', () => {
    expect(readdirSync(pages).sort()).toEqual(['tickreel.1', ...commands.map((name) => `tickreel-${name}.1`)].sort());
    const page = readFileSync(join(pages, 'tickreel-replay.1'), 'utf8');
    const titles = [...page.matchAll(/^\.SH (.*)$/gm)].map(([, title]) => title);
    expect(titles).toEqual([
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'ARGUMENTS',
      'OPTIONS',
      'TARGETS',
      'RATES',
      'LOAD',
      'PACING',
      'CONTROL',
      'TIMES AND UNITS',
      'FILTERS',
      'FILES',
      'LINES',
      'FAULTS',
      'EXIT STATUS',
      'EXAMPLES',
      'SEE ALSO',
    ]);
    expect(page).toMatch(/^tickreel-replay \\- send a capture/m);
    expect(page).toMatch(/^\.TP\n\\fB\\-\\-speed <rate>\\fR\n10x/m);
  });

  it('aCommandWithExitCodesOfItsOwnHasThoseAlone', () => {
    const page = readFileSync(join(pages, 'tickreel-doctor.1'), 'utf8');
    expect(page.match(/^\.SH EXIT STATUS$/gm)).toHaveLength(1);
    expect(page).toMatch(/something needed fails/);
  });

  it.skipIf(!hasGroff)(`groffReadsEveryPage${hasGroff ? '' : ' (skipped: no groff on this machine)'}`, () => {
    for (const file of readdirSync(pages)) {
      const { stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', join(pages, file)], { encoding: 'utf8' });
      expect(stderr, file).toBe('');
      expect(stdout, file).toMatch(/tickreel 0\.|tickreel \d/);
    }
  });

  it('printsOnePage', async () => {
    const text = await run(['manual', 'listen']);
    expect(text.stdout).toMatch(/^tickreel-listen\(1\), tickreel \d/);
    expect(text.stdout).toMatch(/^SYNOPSIS\n {7}tickreel listen \[options\] <addresses...>$/m);
    const main = await run(['manual', '--format', 'markdown']);
    expect(main.stdout).toMatch(/^# tickreel\(1\)\n/);
    expect(main.stdout).toMatch(/^- `replay`: send a capture/m);
    expect(main.stdout).toMatch(/^## Exit status$/m);
    const roff = await run(['manual', '--format', 'man', 'listen']);
    expect(roff.stdout).toBe(readFileSync(join(pages, 'tickreel-listen.1'), 'utf8'));
  });

  it('refusesAnUnknownCommandAndAFolderThatIsNone', async () => {
    expect(await run(['manual', 'nonsense'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'nonsense' is invalid.* There are replay, listen, .*\.$/m),
    });
    for (const [name, meant] of [
      ['inspct', 'inspect'],
      ['tmies', 'times'],
    ] as const) {
      const { code, stderr } = await run(['help', name]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`Did you mean ${meant}?`) });
    }
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, stderr } = await run(['manual', '--write', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^tickreel: cannot write .*file.tickreel\.txt: .*file is no folder/);
  });
});
