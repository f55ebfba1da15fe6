import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sniff } from '../../src/capture/detect.js';
import { capturePath, capturesPresent, describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { read } from './drive.js';
import { parseWithOracle } from './oracle.js';

const FOLDERS = ['itch50', 'mdp3', 'ilink3', 'ouch', 'cta', 'utp', 'jnx', 'other', 'fix', 'formats'];
const files = FOLDERS.flatMap(listCaptures).filter((path) => /\.(pcap|pcapng)$/.test(path));

function start(path: string): string {
  return Buffer.from(readCapture(path).subarray(0, 4)).toString('hex');
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describeCaptures('every capture is read to its end, each packet delivered or counted', () => {
  // `read` asserts that packets are datagrams plus skipped, and that the reader ends.
  test.each(files)('%s', (path) => {
    const bytes = readCapture(path);
    const outcome = read(bytes, [1000]);
    expect(outcome).toEqual(read(bytes));
    if (path.startsWith('formats/')) return;
    expect(outcome.damage).toEqual([]);
    expect(outcome.counts.packets).toBeGreaterThan(0);
  });
});

describeCaptures('INDEX.md', () => {
  test.each([
    ['itch50/moldudp64/nasdaq', 8, 9],
    ['itch50/moldudp64/nasdaq-20230822', 15, 71],
    ['itch50/moldudp64/bx', 3, 3],
    ['itch50/moldudp64/bx-20230822', 12, 56],
  ])('%s: %i files, %i packets, all of them datagrams', (folder, fileCount, packets) => {
    const outcomes = listCaptures(folder).map((path) => read(readCapture(path)));
    expect(outcomes).toHaveLength(fileCount);
    expect(sum(outcomes.map((one) => one.counts.packets))).toBe(packets);
    expect(sum(outcomes.map((one) => one.counts.datagrams))).toBe(packets);
    // The publisher zeroed addresses and checksums of the two dated folders: a UDP checksum of 0 says that it is none.
    const zeroed = folder.endsWith('20230822');
    expect(sum(outcomes.map((one) => one.counts.badIpChecksums))).toBe(zeroed ? packets : 0);
    expect(sum(outcomes.map((one) => one.counts.badUdpChecksums))).toBe(0);
  });

  test('NASDAQ over 802.1Q: one flow, to the group that INDEX.md names', () => {
    const outcomes = listCaptures('itch50/moldudp64/nasdaq').map((path) => read(readCapture(path)));
    const groups = outcomes.flatMap((one) => one.datagrams.map((datagram) => datagram.flow.split(' > ')[1]));
    expect(new Set(groups)).toEqual(new Set(['233.54.12.111:26477']));
  });
});

describeCaptures('captures with microseconds hold the packets that pcap-parser finds in them', () => {
  const readable = files.filter((path) => ['d4c3b2a1', 'a1b2c3d4'].includes(start(path)));
  test.each(readable.filter((path) => !path.includes('invalid-version')))('%s', async (path) => {
    const bytes = readCapture(path);
    const packets = await parseWithOracle(bytes);
    expect(read(bytes).counts.packets).toBe(packets.length);
  });
});

describeCaptures('the pcapng suite holds the packets that its lists of blocks count', () => {
  const suite = files.filter((path) => path.startsWith('formats/pcapng-suite/'));
  test.each(suite)('%s', (path) => {
    const list = readFileSync(capturePath(path.replace(/pcapng$/, 'txt')), 'utf8');
    const listed = [...list.matchAll(/\tE?S?PB: (\d+)/g)].map((match) => Number(match[1]));
    const untimed = [...list.matchAll(/\tSPB: (\d+)/g)].map((match) => Number(match[1]));
    const { counts } = read(readCapture(path));
    expect([counts.packets, counts.withoutTimestamp]).toEqual([sum(listed), sum(untimed)]);
  });
});

interface DecodedPacket {
  packet: number;
  time: string;
  flow: string;
}

/** Number, time and addresses of each packet as an independent dissector printed them. */
function decodedPackets(path: string): DecodedPacket[] {
  const lines = readFileSync(capturePath(path), 'utf8').matchAll(/^packet (\d+) time (\S+) src (\S+) dst (\S+)$/gm);
  return Array.from(lines, ([, packet, time = '', source, destination]) => ({
    packet: Number(packet),
    time,
    flow: `${source} > ${destination}`,
  }));
}

describeCaptures('times and addresses are those of the third-party decodes', () => {
  const decodes = listCaptures('decodes').filter((path) => path.endsWith('.txt'));
  test.each(decodes)('%s', (path) => {
    const capture = path.replace(/^decodes\//, '').replace(/txt$/, 'pcap');
    const { datagrams, counts } = read(readCapture(capture));
    const ours = datagrams.map((one) => ({
      packet: one.packet,
      time: `${one.seconds}.${String(one.nanoseconds).padStart(9, '0')}`,
      flow: one.flow,
    }));
    const theirs = decodedPackets(path);
    if (counts.tcpSegments > 0) return;
    expect(ours.filter((one) => theirs.some((other) => other.packet === one.packet))).toEqual(theirs);
  });

  test('the 139 ITCH packets are among them', () => {
    const itch = decodes.filter((path) => path.startsWith('decodes/itch50/'));
    expect(sum(itch.map((path) => decodedPackets(path).length))).toBe(139);
  });
});

test.skipIf(!capturesPresent)('[captures] every capture file is one by its content', () => {
  const odd = files.filter((path) => !['pcap', 'pcapng'].includes(sniff(readCapture(path))));
  expect(odd).toEqual([]);
});

const damaged: [string, string[]][] = [
  ['formats/libpcap/tests/pcap-invalid-version-1.pcap', ['pcap-version']],
  ['formats/libpcap/tests/pcapng-invalid-vers-1.pcapng', ['pcapng-version']],
  ['formats/libpcap/tests/shb-option-too-long.pcapng', ['block-length']],
  ['formats/tcpdump/timestamp_invalid_nano.pcap', ['timestamp', 'timestamp']],
  ['formats/pcapplusplus/PacketExamples/ipv4-malformed.pcap', ['packet', 'packet']],
  ['formats/tcpdump/cve-2014-8769-AODV.pcap', ['ip-length']],
];

describeCaptures('damaged captures say what is wrong', () => {
  test.each(damaged)('%s: %j', (path, codes) => {
    expect(read(readCapture(path)).damage.map((one) => one.code)).toEqual(codes);
  });
});
