import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, projectRoot, run, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const pcap = fixture('itch50-session.pcap');

const playing = ['replay', pcap, '--to', 'null', '--topspeed'];

/** Command line, exit code, and what standard error must say. */
const vectors: [string, string[], number, RegExp][] = [
  ['noTarget', ['replay', pcap], 2, /--to: udp:\/\/HOST:PORT/],
  ['twoRates', ['replay', pcap, '--to', 'null', '--speed', '2x', '--pps', '10'], 2, /--speed 2x and --pps 10/],
  ['ambiguousMps', ['replay', pcap, '--to', 'null', '--speed', '50mps'], 2, /50msg\/s.*50Mmsg\/s/],
  ['rateWithoutUnit', ['replay', pcap, '--to', 'null', '--speed', '100'], 2, /100x, 100pps/],
  [
    'unknownTarget',
    ['replay', pcap, '--to', 'tcp://1'],
    2,
    /udp:\/\/HOST:PORT, soupbintcp:\/\/HOST:PORT, eth:\/\/INTERFACE, inproc/,
  ],
  ['udpWithoutPort', ['replay', pcap, '--to', 'udp://127.0.0.1'], 2, /needs a host and a port/],
  ['portOutOfRange', ['replay', pcap, '--to', 'udp://127.0.0.1:70000'], 2, /port 70000 is outside/],
  ['keepDestinationsIntoAFile', ['replay', pcap, '--keep-destinations', '--to', 'null'], 2, /goes with --to udp/],
  ['loopOfStandardInput', ['replay', '-', '--to', 'null', '--loop', '2'], 2, /cannot be read twice/],
  ['endlessDryRun', ['replay', pcap, '--dry-run', '--loop', '0'], 2, /--limit or --duration/],
  [
    'lateAgainstNothing',
    ['replay', pcap, '--to', 'null', '--topspeed', '--max-late-p99', '1ms'],
    2,
    /needs a schedule/,
  ],
  ['startInThePast', ['replay', pcap, '--to', 'null', '--start-at', '2020-01-01T00:00:00Z'], 2, /has passed/],
  ['scheduleTooLong', ['replay', pcap, '--dry-run', '--speed', '0.0000001x'], 2, /passes 104 days/],
  ['twoFormats', ['decode', pcap, '--csv', '--format', 'table'], 2, /contradict/],
  ['badDate', ['decode', pcap, '--date', '2026-13-45'], 2, /2026-13-45/],
  ['unwritableReport', [...playing, '--report', '/no/r.json'], 1, /^tickreel: cannot write .* mkdir -p \/no\n$/],
  ['aFolderAsPlot', [...playing, '--plot', join(folder, 'dir')], 1, /^tickreel: cannot write .*dir: it is a directory/],
  ['unwritableDistributions', [...playing, '--hgrm', '/no/x'], 1, /^tickreel: cannot write \/no\/x\.sendLateness/],
  ['reportOnAFullDisk', [...playing, '--report', '/dev/full'], 1, /Actual: 8,610.*cannot write.*the disk is full/s],
  [
    'unwritableTruth',
    ['generate', '-o', join(folder, 'no.pcap'), '--truth', join(folder, 'empty', 't.json')],
    1,
    /^tickreel: cannot write .*empty is no folder/,
  ],
  ['noFormatForAPipe', ['generate', '-o', '-'], 2, /say which with `--format binaryfile`, or pcap or pcapng$/m],
  ['unknownOption', ['decode', pcap, '--nonsense'], 2, /unknown option '--nonsense'/],
  ['unknownCommand', ['explode'], 2, /unknown command 'explode'/],
  ['missingArgument', ['decode'], 2, /missing required argument 'captures'/],
  ['unknownType', ['decode', pcap, '--type', 'Z'], 2, /'Z' is no message type/],
  ['unknownField', ['decode', pcap, '--fields', 'prize'], 2, /no message has a field "prize"/],
  ['badLimit', ['decode', pcap, '--limit', 'many'], 2, /whole number/],
  ['badWhen', ['decode', pcap, '--from', 'noon'], 2, /not understood/],
  ['badPortMap', ['decode', pcap, '--port-map', '1=fix'], 2, /'fix' is no protocol/],
  ['unknownProtocol', ['reference', 'itch41'], 2, /itch41/],
  ['referenceWithoutOrigin', ['listen', 'udp://127.0.0.1:9', '--reference', pcap], 2, /go together/],
  ['missingFile', ['decode', 'no-such-file.pcap'], 1, /no-such-file\.pcap/],
  ['folder', ['decode', join(folder, 'dir')], 1, /dir/],
  ['emptyFile', ['decode', join(folder, 'empty')], 1, /empty/],
  ['foreignContent', ['decode', join(folder, 'foreign')], 1, /pcap, pcapng.*BinaryFILE/s],
  ['overwritingTheInput', ['replay', pcap, '--to', `pcap:${pcap}`], 1, /is the capture that is being read/],
];

describe('errors', () => {
  it('aFileThatBeginsWithADash', async () => {
    const cwd = join(folder, 'dir');
    writeFileSync(join(cwd, '-day.pcap'), '');
    const inspect = (...args: string[]) =>
      spawnSync(process.execPath, [join(projectRoot, 'dist/cli/main.js'), 'inspect', ...args], {
        cwd,
        encoding: 'utf8',
      });
    expect(inspect('-day.pcap')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/there is a file -day\.pcap: put -- before it, as in -- -day\.pcap$/m),
    });
    expect(inspect('-no.pcap').stderr).not.toMatch(/there is a file/);
    expect(inspect('--', '-day.pcap').stderr).toMatch(/-day\.pcap.*empty/);
  });

  mkdirSync(join(folder, 'dir'));
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'foreign'), 'GIF89a this is no capture at all, whatever its name may be');

  it.each(vectors)('%s', async (_name, args, code, says) => {
    const result = await run(args);
    expect(result.stderr).toMatch(says);
    expect(result.stdout).toBe('');
    expect(result.code).toBe(code);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it('helpOfEveryCommandHasExamples', async () => {
    for (const command of ['replay', 'listen', 'decode', 'inspect', 'convert', 'reference']) {
      const { code, stdout } = await run([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples?:\\n\\s+tickreel ${command} `));
    }
  });
});
