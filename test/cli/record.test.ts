import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatCount } from '../../src/core/time.js';
import { type Datagram, read } from '../capture/drive.js';
import {
  fixture,
  freePort,
  lines,
  projectRoot,
  type Running,
  run,
  start,
  startProgram,
  temporaryFolder,
} from '../support/cli.js';

const folder = temporaryFolder();
const session = fixture('itch50-session.pcap');
const sessionPackets = 8610;

interface Report {
  endReason: string;
  packets: { total: number; written: number; missed: number; unwritten: number };
  kernelDrops: number | null;
  outOfOrder: number;
  interfaces: { address: string; packets: number; senders: number; stamps: string }[];
  files: { file: string; packets: number; bytes: number; isKept: boolean }[];
  sessions: object[];
  lines: object[] | null;
}

/** Starts a recording and resolves once it is under way. */
async function startRecording(addresses: readonly string[], ...flags: string[]): Promise<Running> {
  const running = start(['record', ...addresses, ...flags]);
  await untilSays(running, new RegExp(`(recording udp.*\n[^]*){${addresses.length}}`));
  return running;
}

async function untilSays({ child, finished }: Running, pattern: RegExp): Promise<void> {
  let said = '';
  const says = new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (pattern.test(said)) resolve();
    });
  });
  const ended = await Promise.race([says, finished]);
  if (ended) throw new Error(`ended early with ${ended.code}: ${ended.stderr}`);
}

async function sender(type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const socket = createSocket(type);
  await new Promise<void>((resolve) => socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1', resolve));
  if (type === 'udp4') socket.setMulticastInterface('127.0.0.1');
  return socket;
}

function send(socket: Socket, payload: string, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(Buffer.from(payload, 'latin1'), port, host, (error) => (error ? reject(error) : resolve())),
  );
}

/** Every datagram of the recording's files, in order. */
function datagramsOf(path: string): Datagram[] {
  const { datagrams, damage, counts } = read(readFileSync(path));
  expect([damage, counts.badIpChecksums, counts.badUdpChecksums], path).toEqual([[], 0, 0]);
  return datagrams;
}

/** Waits until the file holds so many datagrams. */
async function untilHolds(path: string, count: number): Promise<void> {
  for (let held = -1; held < count; held = existsSync(path) ? read(readFileSync(path)).datagrams.length : 0) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Replays the fixture into a recording that ends by itself. */
async function recordSession(output: string, flags: readonly string[] = [], query = '') {
  const port = await freePort();
  const address = `udp://127.0.0.1:${port}`;
  const recording = await startRecording(
    [`${address}${query}`],
    '-o',
    output,
    '--limit',
    `${sessionPackets}`,
    ...flags,
  );
  const sent = await run(['replay', session, '--to', address, '--speed', '20kpps']);
  expect(sent.code, sent.stderr).toBe(0);
  return recording.finished;
}

const sessionPayloads = read(readFileSync(session)).datagrams.map(({ payload }) => payload);
const hasIpv6 = await new Promise<boolean>((resolve) => {
  const socket = createSocket('udp6').on('error', () => resolve(false));
  socket.bind(0, '::1', () => socket.close(() => resolve(true)));
});

describe('record', () => {
  it('writesWhatWasSentFromGroupsAndAddressesOfBothFamilies', async () => {
    const path = join(folder, 'lines.pcapng');
    const port = await freePort();
    const places: [host: string, type: 'udp4' | 'udp6'][] = [
      ['239.255.77.1', 'udp4'],
      ['127.0.0.1', 'udp4'],
    ];
    if (hasIpv6) places.push(['::1', 'udp6']);
    const named = (host: string, at: number): string => `${host.includes(':') ? `[${host}]` : host}:${at}`;
    const addresses = places.map(([host]) => `udp://${named(host, port)}`);
    const recording = await startRecording(addresses, '-o', path, '--json');
    const sent: { flow: string; payload: string }[] = [];
    for (const [host, type] of places) {
      for (let one = 0; one < 2; one++) {
        const socket = await sender(type);
        const from = socket.address();
        for (let index = 0; index < 50; index++) {
          const payload = `${index} from ${from.port} ${'ÿ\0'.repeat(index)}`;
          await send(socket, payload, port, host);
          sent.push({ flow: `${named(from.address, from.port)} > ${named(host, port)}`, payload });
        }
        socket.close();
      }
    }
    await untilHolds(path, sent.length);
    recording.child.kill('SIGINT');
    const { code, stdout } = await recording.finished;
    expect(code).toBe(130);
    const [report] = lines<Report>(stdout) as [Report];
    expect(report).toMatchObject({ endReason: 'stopped', packets: { total: sent.length, written: sent.length } });
    expect(report.interfaces.map(({ packets, senders }) => [packets, senders])).toEqual(places.map(() => [100, 2]));
    const got = datagramsOf(path);
    for (const flow of new Set(sent.map((one) => one.flow))) {
      const ofFlow = got.filter((one) => one.flow === flow);
      expect(ofFlow.map(({ payload }) => payload)).toEqual(
        sent.filter((one) => one.flow === flow).map(({ payload }) => payload),
      );
      const stamps = ofFlow.map(({ seconds, nanoseconds }) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
      expect(stamps).toEqual([...stamps].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
    }
    expect(Math.abs((got[0] as Datagram).seconds - Date.now() / 1000)).toBeLessThan(60);
  });

  it('isReadByTshark', (context) => {
    const path = join(folder, 'lines.pcapng');
    const fields = ['frame.interface_id', 'frame.time_epoch', 'udp.srcport', 'udp.dstport', 'udp.checksum.status'];
    const asked = ['-o', 'udp.check_checksum:TRUE', '-T', 'fields', '-E', 'separator=,'];
    const { status, stdout } = spawnSync('tshark', ['-r', path, ...asked, ...fields.flatMap((name) => ['-e', name])]);
    if (status === null) context.skip('no tshark on this machine');
    const good = 1;
    const expected = datagramsOf(path).map(({ flow, seconds, nanoseconds }) => {
      const index = flow.includes('239.') ? 0 : flow.includes('[') ? 2 : 1;
      const [, source, destination] = /:(\d+) > .*:(\d+)$/.exec(flow) as RegExpExecArray;
      return [index, `${seconds}.${String(nanoseconds).padStart(9, '0')}`, source, destination, good].join(',');
    });
    expect(stdout.toString().trim().split('\n')).toEqual(expected);
  });

  it('reportsTheSessionAndEndsAtALimit', async () => {
    const path = join(folder, 'session.pcap');
    const { code, stdout, stderr } = await recordSession(path, ['--strict']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('recording udp://127.0.0.1')]);
    expect(stdout).toContain('recorded  8,610 packets of 8,610 (488,627 bytes of payload)');
    expect(stdout).toMatch(/^session {3}TICKREEL01 from .*, 1 to 10000: nothing lost, 0 duplicates/m);
    expect(datagramsOf(path).map(({ payload }) => payload)).toEqual(sessionPayloads);
  });

  it('goesByNodesOwnSocketsAndSaysWhoStamped', async () => {
    const path = join(folder, 'dgram.pcapng');
    const { code, stdout } = await recordSession(path, ['--json'], '?via=dgram');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Report).interfaces).toMatchObject([{ path: 'dgram', stamps: 'program' }]);
    expect(datagramsOf(path).map(({ payload }) => payload)).toEqual(sessionPayloads);
    expect(readFileSync(path).includes('stamped when this program read the packet')).toBe(true);
  });

  it('rotatesWithoutLosingOrRepeatingAndKeepsToItsOwnFiles', async () => {
    const place = join(folder, 'rotated');
    mkdirSync(place);
    writeFileSync(join(place, 'feed-00000-20200101T000000Z.pcapng'), 'of another day');
    const { code, stdout } = await recordSession(join(place, 'feed.pcapng'), ['--rotate-size', '100kB', '--json']);
    expect(code).toBe(0);
    const [report] = lines<Report>(stdout) as [Report];
    const names = readdirSync(place).sort().slice(1);
    expect(report.files.map(({ file }) => file)).toEqual(names.map((name) => join(place, name)));
    expect(names.length).toBeGreaterThan(9);
    for (const [index, { bytes }] of report.files.entries()) {
      expect(names[index]).toMatch(new RegExp(`^feed-${`${index + 1}`.padStart(5, '0')}-\\d{8}T\\d{6}Z\\.pcapng$`));
      expect(bytes).toBeLessThanOrEqual(100_000);
    }
    const payloads = names.flatMap((name) => datagramsOf(join(place, name)).map(({ payload }) => payload));
    expect(payloads).toEqual(sessionPayloads);
    const inspected = await run(['inspect', join(place, 'feed-*Z.pcapng'.replace('*', '0000[1-9]*')), '--json']);
    expect(inspected.code).toBe(0);
  });

  it('tellsGapsAndWithStrictExitsWithFour', async () => {
    const port = await freePort();
    const address = `udp://127.0.0.1:${port}`;
    const flags = ['-o', join(folder, 'gaps.pcapng'), '--limit', '2997', '--strict'];
    const recording = await startRecording([address], ...flags);
    await run(['replay', fixture('itch50-gaps.pcap'), '--to', address, '--speed', '20kpps']);
    const { code, stdout } = await recording.finished;
    expect(code).toBe(4);
    expect(stdout).toMatch(/^ {2}gap 575 to 577, 3 messages$/m);
  });

  it('writesTwoLinesAsOneWhereOneLostWhatTheOtherBrought', async () => {
    const capture = join(folder, 'ab.pcap');
    const path = join(folder, 'merged.pcapng');
    const [a, b] = ['239.255.77.11', '239.255.77.12'];
    const made = ['--messages', '3000', '--symbols', '5', '--duration', '10s', '--gaps', '5', '--seed', '3'];
    const to = ['--destination', `${a}:26477`, '--b-line', `${b}:26477`];
    const generated = await run(['generate', '-o', capture, ...made, ...to]);
    expect(generated.stderr, generated.stderr).toContain('on both lines: 0 lost');
    const flags = ['-o', path, '--arbitrate', '--strict', '--json', '--idle', '2s'];
    const recording = await startRecording([`udp://${a}:26477`, `udp://${b}:26477`], ...flags);
    const sent = await run([
      'replay',
      capture,
      '--keep-destinations',
      '--to',
      'udp://?iface=127.0.0.1',
      '--speed',
      '5kpps',
    ]);
    expect(sent.code, sent.stderr).toBe(0);
    const { code, stdout, stderr } = await recording.finished;
    expect(code, stderr).toBe(0);
    const [report] = lines<Report>(stdout) as [Report];
    expect(report.sessions).toMatchObject([{ session: 'TICKREEL01', messages: 3000, missing: 0 }]);
    expect(report.lines).toMatchObject([
      {
        numbers: 3000,
        lines: [
          { line: 'A', gapsTotal: 5 },
          { line: 'B', gapsTotal: 5 },
        ],
        merged: { missing: 0 },
      },
    ]);
    const inspected = JSON.parse((await run(['inspect', path, '--json'])).stdout) as Report;
    expect(inspected.sessions).toMatchObject([{ messages: 3000, gaps: [], duplicates: 0, outOfOrder: 0 }]);
  });

  it('goesIntoAPipe', async () => {
    const { code, stdout, stderr } = await recordSession('-', ['--format', 'pcapng']);
    expect(code).toBe(0);
    expect(stderr).toContain('recorded  8,610 packets of 8,610');
    // Text of the child is UTF-8, which such bytes are not: whether it is whole is seen from the beginning.
    expect(stdout.startsWith('\n\r\r\n')).toBe(true);
  });

  it('doesNotWriteOverAFileUnlessForced', async () => {
    const path = join(folder, 'there.pcapng');
    writeFileSync(path, 'dear to somebody');
    const address = `udp://127.0.0.1:${await freePort()}`;
    const refused = await run(['record', address, '-o', path, '--duration', '100ms']);
    expect([refused.code, refused.stderr.split('\n').at(-2)]).toEqual([
      1,
      `tickreel: cannot write ${path}: it is there already; name another file, or add --force to write over it`,
    ]);
    expect(readFileSync(path, 'utf8')).toBe('dear to somebody');
    const forced = await run(['record', address, '-o', path, '--duration', '100ms', '--force']);
    expect(forced.code, forced.stderr).toBe(0);
    expect(datagramsOf(path)).toEqual([]);
  });

  it('isReadableUpToTheLastFlushWhenItIsKilled', async () => {
    const path = join(folder, 'killed.pcapng');
    const port = await freePort();
    const recording = await startRecording([`udp://127.0.0.1:${port}`], '-o', path);
    const socket = await sender();
    const sent = Array.from({ length: 40 }, (_, index) => `packet ${index}`);
    for (const payload of sent) await send(socket, payload, port, '127.0.0.1');
    socket.close();
    await untilHolds(path, sent.length);
    recording.child.kill('SIGKILL');
    await recording.finished;
    expect(datagramsOf(path).map(({ payload }) => payload)).toEqual(sent);
  });

  it.each(['auto', 'dgram'])('takesWhatIsInTheSocketsWhenItIsInterrupted, by %s', async (via) => {
    const path = join(folder, `interrupted-${via}.pcapng`);
    const port = await freePort();
    const recording = await startRecording([`udp://127.0.0.1:${port}?via=${via}`], '-o', path);
    const socket = await sender();
    recording.child.kill('SIGSTOP');
    const sent = Array.from({ length: 200 }, (_, index) => `packet ${index}`);
    for (const payload of sent) await send(socket, payload, port, '127.0.0.1');
    socket.close();
    recording.child.kill('SIGINT');
    recording.child.kill('SIGCONT');
    const { code, stdout } = await recording.finished;
    expect([code, stdout]).toEqual([130, expect.stringContaining('ended by stopped')]);
    expect(datagramsOf(path).map(({ payload }) => payload)).toEqual(sent);
  });

  it('endsWhenAFolderIsRemoved', async () => {
    const place = join(folder, 'removed');
    mkdirSync(place);
    const port = await freePort();
    const flags = ['-o', join(place, 'feed.pcapng'), '--rotate-size', '4096'];
    const recording = await startRecording([`udp://127.0.0.1:${port}`], ...flags);
    rmSync(place, { recursive: true });
    const socket = await sender();
    for (let index = 0; index < 10; index++) await send(socket, 'x'.repeat(1000), port, '127.0.0.1');
    const { code, stdout, stderr } = await recording.finished;
    socket.close();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/tickreel: cannot write .*feed-00002.*: there is no folder/),
    ]);
    expect(stdout).toMatch(/ended by failure/);
  });

  it('onAFullDiskKeepsWhatWasWritten', async (context) => {
    const place = join(folder, 'full');
    mkdirSync(place);
    const port = await freePort();
    const main = join(projectRoot, 'dist/cli/main.js');
    const path = join(place, 'feed.pcapng');
    const copy = join(folder, 'full.pcapng');
    // A mount of its own, seen by this shell and its children only, and gone with them.
    const mount = `mount -t tmpfs -o size=256k tmpfs '${place}'`;
    if (spawnSync('unshare', ['-rm', 'sh', '-c', mount]).status !== 0) {
      context.skip('this machine lets nobody make a small disk');
      return;
    }
    const script = `${mount} && '${process.execPath}' '${main}' record udp://127.0.0.1:${port} -o '${path}'; code=$?
      cp '${path}' '${copy}'; exit $code`;
    const recording = startProgram('unshare', ['-rm', 'sh', '-c', script]);
    await untilSays(recording, /recording udp/);
    const sent = await run(['replay', session, '--to', `udp://127.0.0.1:${port}`, '--speed', '20kpps']);
    expect(sent.code).toBe(0);
    const { code, stdout, stderr } = await recording.finished;
    expect([code, stderr]).toEqual([1, expect.stringContaining(`tickreel: cannot write ${path}: the disk is full\n`)]);
    const got = datagramsOf(copy).map(({ payload }) => payload);
    expect(got.length).toBeGreaterThan(1000);
    expect(got).toEqual(sessionPayloads.slice(0, got.length));
    expect(stdout).toContain(`recorded  ${formatCount(got.length)} packets of`);
  });

  it.each([
    ['keepWithoutRotation', ['udp://127.0.0.1:9', '-o', 'x.pcapng', '--keep', '2'], 2, /add --rotate-size/],
    ['rotationOfAPipe', ['udp://127.0.0.1:9', '-o', '-', '--rotate-size', '1MB'], 2, /standard output is one file/],
    ['jsonIntoThePipeOfTheCapture', ['udp://127.0.0.1:9', '-o', '-', '--json'], 2, /both want standard output/],
    ['rotationTooFast', ['udp://127.0.0.1:9', '-o', 'x.pcapng', '--rotate-time', '10ms'], 2, /at least 1s/],
    ['noSize', ['udp://127.0.0.1:9', '-o', 'x.pcapng', '--rotate-size', '1XB'], 2, /a size of at least 4096 bytes/],
    ['noAddress', ['127.0.0.1:9', '-o', 'x.pcapng'], 2, /is not udp:\/\/HOST:PORT/],
    ['foreignAddress', ['udp://192.0.2.1:9', '-o', 'x.pcapng'], 1, /cannot listen on 192\.0\.2\.1:9/],
    ['noFolder', ['udp://127.0.0.1:9', '-o', '/no/such/x.pcapng', '--rotate-size', '1MB'], 1, /mkdir -p \/no\/such/],
  ] as [string, string[], number, RegExp][])('refuses %s', async (_, args, code, says) => {
    const refused = await run(['record', ...args]);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringMatching(says)]);
    expect(existsSync(join(projectRoot, 'x.pcapng'))).toBe(false);
  });
});
