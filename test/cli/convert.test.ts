import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ConvertReport } from '../../src/run/convert-spec.js';
import { mold, pcapOf } from '../run/support.js';
import { capturePath, describeCaptures } from '../support/captures.js';
import { fixture, projectRoot, run, start, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();
const out = (name: string) => join(folder, name);
const pcap = fixture('itch50-session.pcap');
const gaps = fixture('itch50-gaps.pcap');
const binaryFile = out('20260105.NASDAQ_ITCH50');
writeFileSync(binaryFile, gunzipSync(readFileSync(fixture('itch50-session.NASDAQ_ITCH50.gz'))));

async function convert(...args: string[]): Promise<ConvertReport> {
  const { code, stdout, stderr } = await run(['convert', ...args, '--json']);
  expect(stderr).toMatch(/ messages.* of capture \(/);
  expect(code).toBe(0);
  return JSON.parse(stdout) as ConvertReport;
}

/** The forms that a capture takes, and what writes each. */
const forms: [name: string, file: string, flags: string[]][] = [
  ['BinaryFILE', 'form.itch', []],
  ['MoldUDP64 pcap', 'mold.pcap', ['--framing', 'moldudp64']],
  ['SoupBinTCP pcapng', 'soup.pcapng', ['--framing', 'soupbintcp']],
];

describe('convert', () => {
  for (const [from, source, sourceFlags] of forms) {
    it.each(forms)(`${from} → %s, and back to the same BinaryFILE`, async (_, target, targetFlags) => {
      const input = from === 'BinaryFILE' ? binaryFile : out(`from-${source}`);
      if (input !== binaryFile) await convert(binaryFile, '-o', input, ...sourceFlags, '--pack', 'mtu');
      const output = out(`to-${target}`);
      const report = await convert(input, '-o', output, ...targetFlags);
      expect(report).toMatchObject({ messages: 10_000, gapsTotal: 0, damageTotal: 0, seconds: expect.closeTo(3, 1) });
      await convert(output, '-o', out('back.itch'));
      expect(readFileSync(out('back.itch')).equals(readFileSync(binaryFile))).toBe(true);
    });
  }

  it('tellsGapsAndOtherFigures', async () => {
    const { code, stdout, stderr } = await run(['convert', gaps, '-o', out('gaps.itch'), '--strict']);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/^tickreel: gap 575 to 577, 3 messages missing$/m);
    expect(stderr).toMatch(
      /gaps\.itch: 3,482 messages of session TICKREEL01, 110 kB, 1\.05 s of capture \(binaryfile\)$/m,
    );
    expect((await run(['convert', gaps, '-o', out('gaps.itch')])).code).toBe(0);
  });

  it('theInputAsOutputIsRefusedByRedirectionToo', () => {
    const path = out('redirected.pcap');
    const before = readFileSync(pcap);
    writeFileSync(path, before);
    const main = `"${process.execPath}" dist/cli/main.js convert`;
    for (const command of [`${main} - -o "$F" < "$F"`, `${main} "$F" -o - --format pcap 1<> "$F"`]) {
      const { status, stderr } = spawnSync('sh', ['-c', command], {
        cwd: projectRoot,
        env: { ...process.env, F: path },
        encoding: 'utf8',
      });
      expect(stderr).toMatch(/is the capture that is being read; name another file/);
      expect(status).toBe(1);
      expect(readFileSync(path).equals(before)).toBe(true);
    }
  });

  it('saysThatNothingWasWrittenWhereNothingPassed', async () => {
    for (const framing of ['moldudp64', 'soupbintcp']) {
      const args = ['convert', pcap, '-o', out('nothing.pcap'), '--framing', framing, '--symbol', 'NOPE'];
      const { code, stderr } = await run(args);
      expect(stderr).toMatch(/nothing was written: no message passed --symbol$/m);
      expect(stderr).not.toMatch(/ of capture \(/);
      expect(code).toBe(1);
      expect(existsSync(out('nothing.pcap'))).toBe(false);
    }
  });

  it('saysWhatThereWasWhereNothingCouldBeConverted', async () => {
    const strange = out('strange.pcap');
    writeFileSync(strange, pcapOf([1, 2].map((ms) => ({ atNs: ms * 1e6, payload: Uint8Array.of(1, 2, 3) }))));
    writeFileSync(out('void.pcap'), pcapOf([]));
    for (const [input, why] of [
      [strange, 'the capture holds 2 datagrams of unrecognised framing'],
      [out('void.pcap'), 'the capture holds no messages'],
    ] as const) {
      const { code, stderr } = await run(['convert', input, '-o', out('none.itch')]);
      expect(stderr).toContain(`tickreel: nothing was written: ${why}\n`);
      expect({ code, isThere: existsSync(out('none.itch')) }).toEqual({ code: 1, isThere: false });
    }
    const copy = await run(['convert', strange, '-o', out('copy.pcap')]);
    expect(copy.stderr).toMatch(
      /copy\.pcap: 0 messages in 2 packets.*\(pcap, datagrams as they were, headers made anew\)/,
    );
    expect(copy.code).toBe(0);
  });

  it('namesTheFileOfAnUnknownLayoutAndTheSessionOfAGapWhereThereAreSeveral', async () => {
    const odd = out('odd.pcap');
    writeFileSync(odd, pcapOf([{ atNs: 0, payload: mold(1, [Uint8Array.of(0x7a, 1)], { session: 'ODD' }) }]));
    const { stderr } = await run(['convert', gaps, odd, '-o', out('both.pcap')]);
    expect(stderr).toMatch(/^tickreel: gap 575 to 577 of session TICKREEL01, 3 messages missing$/m);
    expect(stderr).toMatch(/unknown layout, type "z" of 2 bytes, 1 skipped, first in packet 1 of .*odd\.pcap: 7a01$/m);
  });

  it('endsAtASignalWithAReadableFileAndTheReport', async () => {
    const { child, finished } = start(['convert', '-', '-o', out('cut.pcap'), '--json'], null);
    child.stdin?.write(readFileSync(pcap).subarray(0, 500_000));
    while (!existsSync(out('cut.pcap'))) await sleep(20);
    child.kill('SIGINT');
    // The signal may be heard after what was written has been read: more comes until the end.
    let at = 500_000;
    const timer = setInterval(() => {
      child.stdin?.write(readFileSync(pcap).subarray(at, at + 1000));
      at += 1000;
    }, 50);
    const { code, stdout, stderr } = await finished;
    clearInterval(timer);
    expect(stderr).toMatch(/ended early: the rest of the input was not converted/);
    expect(code).toBe(130);
    const { packets } = JSON.parse(stdout) as ConvertReport;
    expect(packets).toBeGreaterThan(1000);
    const { stdout: report } = await run(['inspect', out('cut.pcap'), '--json']);
    expect(JSON.parse(report)).toMatchObject({ packets: { total: packets }, damageTotal: 0 });
  });

  it('aGapIsASecondLoginOfSoupBinTCP', async () => {
    const report = await convert(gaps, '-o', out('gaps.pcap'), '--framing', 'soupbintcp');
    expect(report).toMatchObject({ connections: 3, gapsTotal: 2, missing: 4 });
    const back = await convert(out('gaps.pcap'), '-o', out('gaps-back.pcap'));
    expect(back).toMatchObject({ framing: 'moldudp64', messages: 3482, gaps: report.gaps });
  });

  it('changesStampsNumbersAndAddresses', async () => {
    const flags = ['--start', '2026-01-06T00:00:00Z', '--speed', '2x', '--resequence', '--session-name', 'NEW'];
    const addresses = ['--remap-destination', '10.1.1.1:5', '--remap-source', '127.0.0.1:26400=10.1.1.2:6'];
    const window = ['--from', '+1s', '--until', '+2s', '--type', 'A,F'];
    const report = await convert(pcap, '-o', out('other.pcapng'), ...flags, ...addresses, ...window);
    expect(report).toMatchObject({ first: '1767657600000000000', session: 'TICKREEL01' });
    expect(report.seconds).toBeCloseTo(0.5, 2);
    const inspected = JSON.parse((await run(['inspect', out('other.pcapng'), '--json'])).stdout) as {
      sessions: object[];
      flows: object[];
      messages: { byType: Record<string, number> };
    };
    expect(inspected.sessions).toMatchObject([{ session: 'NEW', first: 1, last: report.messages, gaps: [] }]);
    expect(inspected.flows).toMatchObject([{ source: '10.1.1.2:6', destination: '10.1.1.1:5' }]);
    expect(Object.keys(inspected.messages.byType).sort()).toEqual(['A', 'F']);
  });

  it('shiftsBack', async () => {
    const { first } = await convert(pcap, '-o', out('v.pcap'));
    const shifted = await convert(pcap, '-o', out('v.pcap'), '--shift', '-1h30m', '--restamp', 'exchange');
    expect(shifted.framing).toBe('moldudp64');
    expect(BigInt(first ?? 0) - BigInt(shifted.first ?? 0)).toBe(5_400_000_000_000n + 31_110n);
  });

  it('pipesBothWays', async () => {
    const main = join(projectRoot, 'dist/cli/main.js');
    const command =
      '"$NODE" "$MAIN" convert - -o - --format pcapng --date 2026-01-05 < "$FILE" | ' +
      '"$NODE" "$MAIN" convert - -o - --format binaryfile';
    const env = { ...process.env, NODE: process.execPath, MAIN: main, FILE: binaryFile };
    const { stdout, status } = spawnSync('sh', ['-c', command], { env, maxBuffer: 1 << 24 });
    expect(status).toBe(0);
    expect(stdout.equals(readFileSync(binaryFile))).toBe(true);
  });

  it('endsQuietlyWhenTheReaderOfThePipeGoes', async () => {
    const main = join(projectRoot, 'dist/cli/main.js');
    const many = Array<string>(8).fill(`"${pcap}"`).join(' ');
    const command = `"${process.execPath}" "${main}" convert ${many} -o - --format pcap | head -c 100`;
    const { stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'latin1' });
    expect([stdout.length, stderr]).toEqual([100, '']);
  });

  it('deliversWhatPrecedesTheDamageAndExitsWith3', async () => {
    const whole = readFileSync(pcap);
    writeFileSync(out('cut.pcap'), whole.subarray(0, whole.length - 200));
    const { code, stderr } = await run(['convert', out('cut.pcap'), '-o', out('cut.itch')]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/cut\.pcap: .*byte \d+/);
    expect(readFileSync(out('cut.itch')).length).toBeGreaterThan(300_000);
  });

  it('namesTheSessionsThatAreLeftOutAndExitsWith3', async () => {
    await convert(pcap, '-o', out('one.pcap'), '--session-name', 'ONE', '--until', '+1s');
    await convert(pcap, '-o', out('two.pcap'), '--session-name', 'TWO', '--remap-destination', '239.1.1.1:1');
    const both = [out('one.pcap'), out('two.pcap'), '-o', out('both.itch')];
    const { code, stderr } = await run(['convert', ...both]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/session TWO: 10000 messages left out, .*\(--session TWO\)/);
    expect((await run(['convert', ...both, '--session', 'TWO'])).code).toBe(0);
    // The pcap ends its session, the BinaryFILE beside it does not.
    const expected = Buffer.concat([readFileSync(binaryFile), Buffer.alloc(2)]);
    expect(readFileSync(out('both.itch')).equals(expected)).toBe(true);
  });

  it('saysWhereADayIsMissingAndWhereNothingWasWritten', async () => {
    const undated = out('undated.itch');
    writeFileSync(undated, readFileSync(binaryFile));
    const { stderr, code } = await run(['convert', undated, '-o', out('undated.pcap'), '--until', '+0s']);
    expect(stderr).toMatch(/undated\.itch tells no day.*--date/);
    expect(stderr).toMatch(/nothing was written: no message passed --until$/m);
    expect(code).toBe(1);
    expect(existsSync(out('undated.pcap'))).toBe(false);
  });

  it.each<[string, string[], number, RegExp]>([
    ['noOutput', [pcap], 2, /-o, --output/],
    ['unknownFormat', [pcap, '-o', out('x.txt')], 2, /--format/],
    ['standardOutputWithoutFormat', [pcap, '-o', '-'], 2, /--format/],
    ['reportAndOutputInOne', [pcap, '-o', '-', '--format', 'pcap', '--json'], 2, /--json and -o -/],
    ['overwritingTheInput', [pcap, '-o', pcap], 1, /is the capture that is being read/],
    ['badRemap', [pcap, '-o', out('x.pcap'), '--remap-destination', 'here'], 2, /ADDRESS:PORT/],
    ['mixedAddresses', [pcap, '-o', out('x.pcap'), '--remap-destination', '[::1]:5'], 2, /one address is IPv4/],
    ['badSpeed', [pcap, '-o', out('x.pcap'), '--speed', '0x'], 2, /above 0/],
    ['badShift', [pcap, '-o', out('x.pcap'), '--shift', '-5'], 2, /unit is missing/],
    ['badStart', [pcap, '-o', out('x.pcap'), '--start', '+5s'], 2, /--shift/],
    ['framingOfABinaryFile', [pcap, '-o', out('x.itch'), '--mtu', '900'], 2, /leave out mtu/],
    ['noSuchFolder', [pcap, '-o', out('no/x.pcap')], 1, /cannot write/],
  ])('%s', async (_, args, code, says) => {
    const result = await run(['convert', ...args]);
    expect(result.stderr).toMatch(says);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });
});

describeCaptures('convert', () => {
  it('saysThatFramingIsNotRecognised', async () => {
    const fix = capturePath('fix/one-session-fix44.pcap');
    const { code, stderr } = await run(['convert', fix, '-o', out('fix.pcap')]);
    expect(stderr).toMatch(
      /nothing was written: the capture holds [\d,]+ pieces of TCP streams of unrecognised framing$/m,
    );
    expect({ code, isThere: existsSync(out('fix.pcap')) }).toEqual({ code: 1, isThere: false });
    const replayed = await run(['replay', fix, '--to', 'null', '--topspeed']);
    expect(replayed.stderr).toMatch(/nothing was sent: the capture holds nothing else$/m);
  });

  it('a real day by SoupBinTCP and MoldUDP64 is the same file', async () => {
    const file = capturePath('itch50/binaryfile/aapl-20200130-10k.bin');
    await convert(file, '-o', out('real.pcap'), '--framing', 'soupbintcp', '--pack', 'mtu', '--date', '2020-01-30');
    await convert(out('real.pcap'), '-o', out('real.pcapng'));
    await convert(out('real.pcapng'), '-o', out('real.itch'));
    expect(readFileSync(out('real.itch')).equals(readFileSync(file))).toBe(true);
  });
});
