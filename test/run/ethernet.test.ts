/** Raw Ethernet between the two ends of a virtual cable: what comes out is what the capture holds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { concat, frame, pcap, text } from '../capture/build.js';
import { ether, ip4, ip6, tcpSegment, udp6 } from '../capture/build-layers.js';
import { read } from '../capture/drive.js';
import { capturePath, capturesPresent, listCaptures, readCapture } from '../support/captures.js';
import { fixture, run } from '../support/cli.js';
import { framesOf, Wire } from '../support/wire.js';

let wire: Wire | null = null;
beforeAll(async () => {
  wire = await Wire.lay();
});
afterAll(() => wire?.close());

/** The wire, or the test is skipped. */
function laid(context: TestContext): Wire {
  if (wire === null) context.skip();
  return wire as Wire;
}

const eth = 'eth://reel0';
const tagged = frame({ payload: text('behind two tags'), tags: [0x88a8, 0x8100] });
const odd = frame({ payload: text('an odd number of bytes!'), trailer: new Uint8Array(19).fill(0xaa) });
const arp = concat(odd.slice(0, 12), Uint8Array.of(0x08, 0x06), text('who has 10.0.0.2?'), new Uint8Array(29));
const segment = ether(0x0800, ip4(tcpSegment(1, 0x18, text('a piece')), { protocol: 6 }));
const six = ether(0x86dd, ip6(udp6(text('over version 6'))));
const longest = frame({ payload: new Uint8Array(1472).fill(7) });
const packets = [tagged, arp, odd, segment, six, longest, frame({ udpChecksum: 'none' }), frame()];

function write(name: string, frames: readonly Uint8Array[]): string {
  const path = join((wire as Wire).folder, name);
  writeFileSync(path, pcap(frames.map((data, index) => ({ data, seconds: 10, fraction: index }))));
  return path;
}

function replayed(path: string, ...flags: string[]): Promise<Buffer[]> {
  const cable = wire as Wire;
  return cable.receive(async () => {
    const { code, stderr } = await cable.tickreel('replay', path, '--to', eth, '--speed', 'max', ...flags);
    expect(code, stderr).toBe(0);
  });
}

describe('as captured', () => {
  test('every packet of a capture comes out as it is, in order', async (context) => {
    laid(context);
    const path = write('packets.pcap', packets);
    expect(await replayed(path, '--all-frames')).toEqual(packets.map((one) => Buffer.from(one)));
  });

  test('without --all-frames those that hold a datagram do', async (context) => {
    laid(context);
    const path = write('datagrams.pcap', packets);
    const datagrams = packets.filter((one) => one !== arp && one !== segment);
    expect(await replayed(path)).toEqual(datagrams.map((one) => Buffer.from(one)));
  });

  test('a session of thousands of packets, each once and in order; bytes and bits are those of frames', async (context) => {
    const cable = laid(context);
    const path = fixture('itch50-session.pcap');
    const frames = framesOf(readFileSync(path));
    let report = { packets: 0, bytes: 0, seconds: 0, rate: { bitsPerSecond: 0 } };
    const received = await cable.receive(async () => {
      const { stdout } = await cable.tickreel('replay', path, '--to', eth, '--speed', 'max', '--report', '-');
      report = JSON.parse(stdout);
    });
    expect(received.length).toBe(frames.length);
    expect(Buffer.concat(received).equals(Buffer.concat(frames))).toBe(true);
    const bytes = frames.reduce((sum, one) => sum + one.length, 0);
    expect([report.packets, report.bytes]).toEqual([frames.length, bytes]);
    expect(report.rate.bitsPerSecond).toBeCloseTo((8 * bytes) / report.seconds, 3);
  });

  test.skipIf(!capturesPresent)('[captures] real captures with 802.1Q tags keep them', async (context) => {
    laid(context);
    const files = listCaptures('itch50/moldudp64/nasdaq').filter((file) => file.endsWith('.pcap'));
    const frames = files.flatMap((file) => framesOf(readCapture(file)));
    expect(frames.every((one) => one.readUInt16BE(12) === 0x8100)).toBe(true);
    // Several captures are merged by their stamps.
    const received = await replayed(...(files.map(capturePath) as [string]));
    const inOrder = (all: Buffer[]): string[] => all.map((one) => one.toString('hex')).toSorted();
    expect(inOrder(received)).toEqual(inOrder(frames));
  });
});

describe('rewritten', () => {
  test('addresses, ports and tags, with right checksums and the payload untouched', async (context) => {
    laid(context);
    const path = write('rewritten.pcap', [tagged, odd, six, frame({ udpChecksum: 'none' })]);
    const rules = [
      ['--rewrite-mac', 'src:any=02:aa:bb:cc:dd:ee'],
      ['--rewrite-ip', 'src:10.0.0.0/24=172.16.5.0'],
      ['--rewrite-ip', 'dst:233.54.12.111=239.1.130.3'],
      ['--rewrite-ip', 'fe80::/16=fd00::'],
      ['--rewrite-port', 'dst:26477=30001'],
      ['--rewrite-vlan', 'any=77'],
      ['--rewrite-vlan', 'none=5'],
    ];
    const received = await replayed(path, ...rules.flat());
    const { datagrams, counts } = read(pcap(received.map((data) => ({ data }))));
    expect(counts).toMatchObject({ packets: 4, datagrams: 4, badIpChecksums: 0, badUdpChecksums: 0 });
    expect(datagrams.map(({ payload, flow }) => [payload, flow])).toEqual([
      ['behind two tags', '172.16.5.1:1000 > 239.1.130.3:30001'],
      ['an odd number of bytes!', '172.16.5.1:1000 > 239.1.130.3:30001'],
      ['over version 6', '[fd00::1]:5 > [ff02::2]:6'],
      ['payload', '172.16.5.1:1000 > 239.1.130.3:30001'],
    ]);
    const [two, one, version6] = received as [Buffer, Buffer, Buffer];
    // The group's own Ethernet address was not the captured destination's, which stays.
    expect(one.subarray(0, 18).toString('hex')).toBe('01005e010203' + '02aabbccddee' + '81000005' + '0800');
    expect(two.subarray(12, 22).toString('hex')).toBe('88a8004d' + '81000005' + '0800');
    expect(version6.subarray(12, 18).toString('hex')).toBe('8100000586dd');
  });

  test('loops whose sequence goes on reach the wire with right checksums', async (context) => {
    laid(context);
    const path = fixture('itch50-session.pcap');
    const flags = ['--loop', '2', '--loop-sequence', 'continue', '--rewrite-port', '26400=26401'];
    const received = await replayed(path, ...flags);
    const frames = framesOf(readFileSync(path));
    expect(received.length).toBe(2 * frames.length);
    const { datagrams, counts } = read(pcap(received.map((data) => ({ data }))));
    expect([counts.badIpChecksums, counts.badUdpChecksums]).toEqual([0, 0]);
    const sequences = datagrams.map(({ payload }) => Buffer.from(payload, 'latin1').readBigUInt64BE(10));
    const once = sequences.slice(0, frames.length);
    const shift = (sequences[frames.length] as bigint) - (once[0] as bigint);
    expect(shift).toBeGreaterThan(0n);
    expect(sequences.slice(frames.length)).toEqual(once.map((sequence) => sequence + shift));
  });
});

test('packets that faults repeat, delay, cut and spoil keep their headers', async (context) => {
  const cable = laid(context);
  const numbered = ['one', 'two', 'six'].map((name) => frame({ payload: text(name), tags: [0x8100] }));
  const path = write('faulty.pcap', numbered);
  const faulty = async (fault: string): Promise<Buffer[]> =>
    cable.receive(async () => {
      const { code, stderr } = await cable.tickreel('replay', path, '--to', eth, '--fault', fault);
      expect(code, stderr).toBe(0);
    });
  const [one, two, six] = numbered.map((each) => Buffer.from(each)) as [Buffer, Buffer, Buffer];
  expect(await faulty('dup packets 1; reorder 1 packets 2')).toEqual([one, one, six, two]);
  const cut = await faulty('truncate 2 packets 1; corrupt stale packets 3');
  const { datagrams, counts } = read(pcap(cut.map((data) => ({ data }))));
  expect(datagrams.map(({ payload }) => payload).slice(0, 2)).toEqual(['on', 'two']);
  expect(counts).toMatchObject({ badIpChecksums: 0, badUdpChecksums: 1 });
  expect(cut.map((each) => each.subarray(0, 18))).toEqual(numbered.map((each) => Buffer.from(each.slice(0, 18))));
});

test('a file of messages goes out in frames built around it', async (context) => {
  laid(context);
  const received = await replayed(fixture('itch50-session.NASDAQ_ITCH50.gz'), '--limit', '500');
  const { counts, datagrams } = read(pcap(received.map((data) => ({ data }))));
  expect(counts).toMatchObject({ datagrams: 500, badIpChecksums: 0, badUdpChecksums: 0 });
  expect(new Set(datagrams.map(({ flow }) => flow))).toEqual(new Set(['127.0.0.1:26400 > 127.0.0.1:26477']));
});

describe('refusals', () => {
  test.each<[string, string[], string]>([
    ['rewriting elsewhere', ['--to', 'null', '--rewrite-port', '1=2'], '--rewrite-… goes with --to eth://INTERFACE'],
    ['all frames elsewhere', ['--to', 'udp://127.0.0.1:9', '--all-frames'], '--all-frames goes with --to eth://'],
    ['all frames and a filter', ['--to', 'eth://lo', '--all-frames', '--type', 'A'], 'filters look at datagrams'],
    ['captured destinations', ['--to', 'eth://lo', '--keep-destinations'], '--keep-destinations goes with --to udp://'],
    ['a rule that is none', ['--to', 'eth://lo', '--rewrite-vlan', '5'], "'5' is not OLD=NEW of VLAN numbers"],
  ])('%s', async (_name, flags, said) => {
    const { code, stderr } = await run(['replay', fixture('itch50-session.pcap'), ...flags]);
    expect(stderr).toContain(said);
    expect(code).toBe(2);
  });

  test('frames longer than the MTU are counted, the others sent', async (context) => {
    const cable = laid(context);
    const tooLong = frame({ payload: new Uint8Array(1473) });
    const path = write('long.pcap', [odd, tooLong, longest]);
    let finished = { code: null as number | null, stderr: '', stdout: '' };
    const received = await cable.receive(async () => {
      finished = await cable.tickreel('replay', path, '--to', eth, '--speed', 'max');
    });
    expect(received).toEqual([odd, longest].map((one) => Buffer.from(one)));
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('1 frame of up to 1515 bytes did not fit reel0, whose MTU is 1500');
    expect(finished.stderr).toContain('EMSGSIZE');
  });

  test('an interface that is not there, one that is down, and no capability', async (context) => {
    const cable = laid(context);
    const path = write('one.pcap', [odd]);
    const missing = await cable.tickreel('replay', path, '--to', 'eth://nowhere0');
    expect(missing.stderr).toMatch(/there is no interface 'nowhere0' here; interfaces: .*reel0/);
    const without = [process.execPath, 'dist/cli/main.js', 'replay', path, '--to', eth];
    const powerless = await cable.run('setpriv', '--bounding-set', '-net_raw', '--inh-caps', '-net_raw', ...without);
    expect(powerless.stderr).toMatch(/eth:\/\/reel0 needs the capability CAP_NET_RAW.*setcap cap_net_raw\+ep/);
    await cable.run('ip', 'link', 'set', 'reel0', 'down');
    const down = await cable.tickreel('replay', path, '--to', eth);
    await cable.run('ip', 'link', 'set', 'reel0', 'up');
    expect(down.stderr).toContain('eth://reel0 is down; bring it up: sudo ip link set dev reel0 up');
    expect([missing.code, powerless.code, down.code]).toEqual([1, 1, 1]);
  });
});
