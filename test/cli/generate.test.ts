/** `tickreel generate` as a user runs it: every format holds what the truth tells, and refusals say why. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { projectRoot, run, start, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const inFolder = (name: string): string => join(folder, name);

async function inspect(name: string) {
  const { stdout, code } = await run(['inspect', inFolder(name), '--json', '--date', '2026-01-05']);
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

function truthOf(name: string) {
  return JSON.parse(readFileSync(inFolder(name), 'utf8'));
}

describe('tickreel generate', () => {
  it('writes the same messages in every format, as the truth tells', async () => {
    const truths: object[] = [];
    for (const [name, ...flags] of [
      ['day.itch'],
      ['day.pcap'],
      ['day.pcapng', '--pack', 'mtu', '--mtu', '900'],
      ['soup.pcap', '--framing', 'soupbintcp'],
    ]) {
      const common = ['-o', inFolder(name), '--messages', '20000', '--seed', 'same', '--truth', inFolder('truth.json')];
      const { code, stderr, stdout } = await run(['generate', ...common, ...flags]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toMatch(/: 20,000 messages of 8 symbols.* [kMG]?B, made at .*msg\/s\n$/);
      const { output, ...truth } = truthOf('truth.json');
      expect(output.bytes).toBe(statSync(inFolder(name)).size);
      truths.push(truth);
      expect(output).toMatchObject({ messages: 20_000, tooLong: 0, connections: name === 'soup.pcap' ? 1 : 0 });
      const report = await inspect(name);
      expect(report.messages.total).toBe(20_000);
      expect(report.messages.byType).toEqual(truth.messagesByType);
      expect(report.damageTotal).toBe(0);
      for (const { gaps } of report.sessions) expect(gaps).toEqual([]);
    }
    for (const truth of truths) expect(truth).toEqual(truths[0]);
  });

  it('writes to standard output', async () => {
    await run(['generate', '-o', inFolder('file.itch'), '--messages', '500', '--truth', inFolder('t.json')]);
    const { child, finished } = start(['generate', '-o', '-', '--format', 'binaryfile', '--messages', '500']);
    const chunks: Buffer[] = [];
    child.stdout?.setEncoding('latin1').on('data', (text: string) => chunks.push(Buffer.from(text, 'latin1')));
    expect((await finished).code).toBe(0);
    expect(Buffer.concat(chunks)).toEqual(readFileSync(inFolder('file.itch')));
  });

  it('adds faults on two lines that inspect finds as told', async () => {
    const flags = [
      '--gaps',
      '0.02',
      '--dups',
      '7',
      '--reorder',
      '9',
      '--reorder-depth',
      '3',
      '--b-line',
      '239.9.9.9:999',
    ];
    const common = ['-o', inFolder('lines.pcapng'), '--messages', '30000', '--latency', '20us-80us'];
    const { code, stderr } = await run(['generate', ...common, ...flags, '--truth', inFolder('lines.json')]);
    expect(code).toBe(0);
    expect(stderr).toContain('on both lines: ');
    const { faults } = truthOf('lines.json');
    const report = await inspect('lines.pcapng');
    expect(report.sessions.length).toBe(2);
    for (const [index, session] of report.sessions.entries()) {
      const line = faults.lines[index];
      const gaps = session.gaps.map(({ from, to }: { from: number; to: number }) => ({ from, to }));
      expect(gaps).toEqual(line.lost.ranges);
      expect(session.duplicates).toBe(line.duplicated.messages);
      expect(session.outOfOrder).toBe(line.reordered.messages);
    }
    expect(faults.lines[1].flow).toBe('127.0.0.1:26401 > 239.9.9.9:999');
    expect(faults.lines.map(({ duplicated }: { duplicated: { packets: number } }) => duplicated.packets)).toEqual([
      7, 7,
    ]);
    expect(report.feedLatency.p50).toBeGreaterThan(20_000);
    expect(report.feedLatency.p50).toBeLessThan(200_000);
  });

  it('makes a part of the day, with other prices and a halt of the whole market', async () => {
    const flags = [
      '--from',
      '09:29',
      '--until',
      '09:45:00',
      '--prices',
      '10-20',
      '--market-wide-halt',
      '--symbols',
      '5',
    ];
    const { code, stdout } = await run([
      ...['generate', '-o', inFolder('part.itch'), '--messages', '9000', '--truth', '-'],
      ...flags,
    ]);
    expect(code).toBe(0);
    const truth = JSON.parse(stdout);
    expect(truth.messagesByType.W).toBe(1);
    expect(truth.books.length).toBe(5);
    const seconds = Number(truth.last) - Number(truth.first);
    expect(seconds).toBe(16 * 60);
  });

  it('makes a channel of MDP 3.0, whose faults inspect finds as told', async () => {
    const common = ['-o', inFolder('mdp.pcapng'), '--protocol', 'mdp3', '--schema-version', '9', '--symbols', '14'];
    const flags = [
      '--messages',
      '9000',
      '--duration',
      '5s',
      '--gaps',
      '11',
      '--dups',
      '3',
      '--b-line',
      '--skew',
      '5us',
    ];
    const { code, stderr } = await run(['generate', ...common, ...flags, '--truth', inFolder('mdp.json')]);
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 0, lines: 5 });
    expect(stderr).toMatch(/: 9,000 messages of 14 instruments in .* packets, .* made at .*msg\/s\n/);
    expect(stderr).toMatch(/^I 127\.0\.0\.1:26410 > 239\.255\.42\.31:14310: .* 11 lost/m);
    const truth = truthOf('mdp.json');
    const report = await inspect('mdp.pcapng');
    expect(report.damageTotal).toBe(0);
    const [lineA, lineB] = truth.faults[0].lines;
    for (const line of [lineA, lineB]) {
      const session = report.sessions.find(({ destination }: { destination: string }) =>
        line.flow.endsWith(` ${destination}`),
      );
      const gaps = session.gaps.map(({ from, to }: { from: number; to: number }) => ({ from, to }));
      expect(gaps).toEqual(line.lost.ranges);
    }
  });

  it('writesAChannelConfigurationThatNamesEveryFlow', async () => {
    const common = ['generate', '-o', inFolder('named.pcap'), '--protocol', 'mdp3', '--messages', '2000', '--b-line'];
    const { code } = await run([...common, '--duration', '2s', '--channels-file', inFolder('config.xml')]);
    expect(code).toBe(0);
    const flags = ['--framing', 'mdp3', '--channels', inFolder('config.xml'), '--channel', '310', '--json'];
    const { stdout } = await run(['convert', inFolder('named.pcap'), '-o', inFolder('merged.pcap'), ...flags]);
    expect(JSON.parse(stdout)).toMatchObject({ messages: 2000, channels: 4, missing: 0 });
  });

  it('refuses what it cannot do', async () => {
    for (const [flags, text] of [
      [['-o', 'x.pcap', '--messages', '5'], 'a session of 1 symbol has at least 11 messages, not 5'],
      [['-o', 'x.itch.gz'], 'files are written uncompressed'],
      [['-o', 'x'], 'the extension tells no format'],
      [['-o', '-', '--format', 'pcap', '--truth', '-'], 'both want standard output'],
      [['-o', 'x.itch', '--truth', 'x.itch'], '--truth and --output name one file'],
      [['-o', 'x.pcap', '--channels-file', 'c.xml'], '--channels-file says nothing about a session of ITCH'],
      [
        ['-o', 'x.pcap', '--protocol', 'mdp3', '--channels-file', 'x.pcap'],
        '--channels-file and --output name one file',
      ],
      [['-o', 'x.itch', '--gaps', '3'], 'write a pcap or pcapng'],
      [['-o', 'x.itch', '--latency', '3us'], 'no capture stamps'],
      [['-o', 'x.itch', '--framing', 'soupbintcp'], 'no framing'],
      [['-o', 'x.pcap', '--framing', 'soupbintcp', '--dups', '3'], 'in MoldUDP64 only'],
      [['-o', 'x.pcap', '--latency', '9us-3us'], 'is not TIME or LEAST-MOST'],
      [['-o', 'x.pcap', '--gaps', '150%'], 'is no share of packets'],
      [['-o', 'x.pcap', '--reorder-depth', '3'], 'goes with --reorder'],
      [['-o', 'x.pcap', '--reorder', '3', '--reorder-depth', '65'], 'at most 64'],
      [['-o', 'x.pcap', '--from', '+3s'], 'is no time of day'],
      [['-o', 'x.pcap', '--prices', '3'], 'is not LOW-HIGH'],
      [['-o', 'x.pcap', '--from', '17:00'], 'no market hours are left'],
      [['-o', 'x.itch', '--protocol', 'mdp3'], 'a BinaryFILE holds no packets'],
      [['-o', 'x.pcap', '--protocol', 'mdp3', '--framing', 'soupbintcp'], '--framing says nothing about a session of'],
      [['-o', 'x.pcap', '--protocol', 'mdp3', '--market-wide-halt'], '--market-wide-halt says nothing about'],
      [['-o', 'x.pcap', '--protocol', 'mdp3', '--schema-version', '7'], 'versions 5, 6 and 8 to 13'],
      [['-o', 'x.pcap', '--protocol', 'mdp3', '--messages', '9'], 'a session of 16 instruments has at least'],
      [['-o', 'x.pcap', '--channel', '310'], '--channel says nothing about a session of ITCH: add --protocol mdp3'],
      [['-o', 'x.pcap', '--skew', '5us'], '--skew goes with --b-line'],
      [[], "required option '-o, --output <file>' not specified"],
    ] as const) {
      const { code, stderr } = await run(['generate', ...flags]);
      expect(stderr).toContain(text);
      expect(code).toBe(2);
    }
  }, 60_000);

  it('fails where the file cannot be written', async () => {
    const { code, stderr } = await run(['generate', '-o', inFolder('no/such/folder.pcap'), '--messages', '100']);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot write');
  });

  it('ends at a signal with a readable file', async () => {
    const { child, finished } = start(['generate', '-o', inFolder('long.pcap'), '--messages', '100000000']);
    const timer = setInterval(() => {
      const size = statSync(inFolder('long.pcap'), { throwIfNoEntry: false })?.size ?? 0;
      if (size === 0) return;
      clearInterval(timer);
      child.kill('SIGINT');
    }, 50);
    const { code, stderr } = await finished;
    expect(stderr).toContain('ended early');
    expect(code).toBe(130);
    const report = await inspect('long.pcap');
    expect(report.damageTotal).toBe(0);
    expect(report.messages.total).toBeGreaterThan(0);
  });

  it.skipIf(process.platform === 'win32')('ends at a signal while the reader of its pipe stands still', async () => {
    const command = `"${process.execPath}" dist/cli/main.js generate -o - --format binaryfile --messages 1000000`;
    const script = `(${command} & echo $! >&2; wait $!; echo "ended $?" >&2) | sleep 60`;
    const shell = spawn('sh', ['-c', script], {
      cwd: projectRoot,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    let said = '';
    for await (const chunk of shell.stderr.setEncoding('utf8')) {
      const isFirst = said === '';
      said += chunk;
      if (said.includes('ended')) break;
      if (!isFirst) continue;
      // By then the pipe is full.
      await sleep(2000);
      process.kill(Number.parseInt(said, 10), 'SIGTERM');
    }
    process.kill(-(shell.pid as number), 'SIGKILL');
    expect(said).toMatch(/^ended 143$/m);
  });
});
