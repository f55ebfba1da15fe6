import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChecksumMode, FrameRewriter, REWRITE_HEADROOM } from '../../src/capture/frame-rewriter.js';
import {
  noRewriting,
  parseIpRule,
  parseMacRule,
  parsePortRule,
  parseVlanRule,
  type RewriteRules,
} from '../../src/capture/rewrite-rules.js';
import { UsageError } from '../../src/core/errors.js';
import { checksum, concat, type FrameParts, frame, pcap, text, u16 } from './build.js';
import { ether, ip4, ip6, tcpSegment, udp, udp6, vxlan } from './build-layers.js';
import { read } from './drive.js';

function rulesOf(rules: { mac?: string[]; ip?: string[]; port?: string[]; vlan?: string[] }): RewriteRules {
  const { mac = [], ip = [], port = [], vlan = [] } = rules;
  return {
    macs: mac.map(parseMacRule),
    ips: ip.map(parseIpRule),
    ports: port.map(parsePortRule),
    vlans: vlan.map(parseVlanRule),
  };
}

/** The frame rewritten, and what was said of its length before. */
function rewritten(bytes: Uint8Array, rules: RewriteRules, checksums: ChecksumMode = 'keep'): Uint8Array {
  const memory = new Uint8Array(REWRITE_HEADROOM + bytes.length);
  memory.set(bytes, REWRITE_HEADROOM);
  const view = new DataView(memory.buffer);
  const rewriter = new FrameRewriter(rules, checksums);
  const change = bytes.length < 14 ? 0 : lengthChange(rewriter, view);
  const start = rewriter.rewrite(view, REWRITE_HEADROOM, memory.length);
  expect(memory.length - start).toBe(bytes.length + change);
  return memory.slice(start);
}

function lengthChange(rewriter: FrameRewriter, view: DataView): number {
  const at = REWRITE_HEADROOM + 14;
  return rewriter.lengthChange(view.getUint16(at - 2), view, at, view.byteLength);
}

function flowsOf(...frames: Uint8Array[]): { flows: string[]; bad: number[] } {
  const { datagrams, counts } = read(pcap(frames.map((data) => ({ data }))));
  return { flows: datagrams.map(({ flow }) => flow), bad: [counts.badIpChecksums, counts.badUdpChecksums] };
}

const hex = (bytes: Uint8Array, from: number, to: number) => Buffer.from(bytes.slice(from, to)).toString('hex');

describe('Ethernet addresses', () => {
  const mac = (...rules: string[]) => hex(rewritten(frame(), rulesOf({ mac: rules })), 0, 12);

  test('of either side, of one, any, the first rule that fits', () => {
    expect(mac()).toBe('01005e010203' + '020000000009');
    expect(mac('02:00:00:00:00:09=02-FF-FF-00-00-01')).toBe('01005e010203' + '02ffff000001');
    expect(mac('any=02:00:00:00:00:01')).toBe('020000000001' + '020000000001');
    expect(mac('dst:any=02:00:00:00:00:01')).toBe('020000000001' + '020000000009');
    expect(mac('src:01:00:5e:01:02:03=02:00:00:00:00:01')).toBe('01005e010203' + '020000000009');
    expect(mac('src:any=02:00:00:00:00:07', 'any=02:00:00:00:00:08')).toBe('020000000008' + '020000000007');
  });

  test('of a group follow its IP address, where they were mapped from it', () => {
    const group = (bytes: Uint8Array, ...ip: string[]) => hex(rewritten(bytes, rulesOf({ ip })), 0, 6);
    const mapped = Uint8Array.from(frame());
    mapped.set([0x01, 0x00, 0x5e, 0x36, 0x0c, 0x6f]);
    expect(group(mapped, 'dst:any=239.129.2.3')).toBe('01005e010203');
    expect(group(frame(), 'dst:any=239.129.2.3')).toBe('01005e010203');
    expect(group(mapped, 'dst:any=10.0.0.9')).toBe('01005e360c6f');
    expect(group(mapped, 'src:any=239.129.2.3')).toBe('01005e360c6f');
    const six = ether(0x86dd, ip6(udp6(text('six'))));
    const mapped6 = Uint8Array.from(six);
    mapped6.set([0x33, 0x33, 0, 0, 0, 2]);
    expect(group(mapped6, 'dst:any=ff02::1:5')).toBe('333300010005');
  });
});

describe('IP addresses and ports', () => {
  test.each<[string, string[], string]>([
    ['one', ['10.0.0.1=10.9.8.7'], '10.9.8.7:1000 > 233.54.12.111:26477'],
    ['a network, hosts kept', ['10.0.0.0/8=192.168.0.0'], '192.0.0.1:1000 > 233.54.12.111:26477'],
    ['a prefix within a byte', ['233.54.12.96/27=239.1.1.64'], '10.0.0.1:1000 > 239.1.1.79:26477'],
    ['any, of one side', ['src:any=1.2.3.4'], '1.2.3.4:1000 > 233.54.12.111:26477'],
    ['all, bits of which none are kept', ['0.0.0.0/0=9.9.9.9'], '10.0.0.1:1000 > 233.54.12.111:26477'],
    ['the first rule that fits', ['10.0.0.1=1.1.1.1', 'any=2.2.2.2'], '1.1.1.1:1000 > 2.2.2.2:26477'],
    ['rules of the other version are passed over', ['any=fd00::1'], '10.0.0.1:1000 > 233.54.12.111:26477'],
  ])('%s', (_name, ip, flow) => {
    expect(flowsOf(rewritten(frame(), rulesOf({ ip })))).toEqual({ flows: [flow], bad: [0, 0] });
  });

  test('of IPv6, with extension headers too', () => {
    const plain = ether(0x86dd, ip6(udp6(text('odd'))));
    const options = concat(Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0), udp6(text('odd')));
    const extended = ether(0x86dd, ip6(options, { next: 0 }));
    const rules = rulesOf({ ip: ['fe80::/64=2001:db8:0:5::', 'dst:any=ff05::9'], port: ['dst:6=600'] });
    const flow = '[2001:db8:0:5::1]:5 > [ff05::9]:600';
    expect(flowsOf(rewritten(plain, rules), rewritten(extended, rules))).toEqual({ flows: [flow, flow], bad: [0, 0] });
  });

  test('of TCP, whose checksum stays right', () => {
    const segment = tcpSegment(1, 0x18, text('piece'));
    const pseudo = (source: number[], data: Uint8Array) =>
      checksum(Uint8Array.from([...source, 10, 0, 0, 2, 0, 6, ...u16(data.length), ...data]));
    segment.set(u16(pseudo([10, 0, 0, 1], segment)), 16);
    const bytes = ether(0x0800, ip4(segment, { protocol: 6 }));
    const after = rewritten(bytes, rulesOf({ ip: ['10.0.0.1=10.200.3.4'], port: ['5=50000'] }));
    expect(pseudo([10, 200, 3, 4], after.slice(34))).toBe(0);
    expect(hex(after, 34, 38)).toBe('c3500006');
  });

  test('of fragments: the first has the ports and the checksum, the others addresses alone', () => {
    const whole = udp6(text('a datagram in two fragments'), [5, 6]);
    const datagram = Uint8Array.from(whole);
    const pseudo = [10, 0, 0, 1, 10, 0, 0, 2, 0, 17, ...u16(datagram.length)];
    datagram.set([0, 0], 6);
    datagram.set(u16(checksum(Uint8Array.from([...pseudo, ...datagram]))), 6);
    const first = ether(0x0800, ip4(datagram.slice(0, 16), { more: true }));
    const second = ether(0x0800, ip4(datagram.slice(16), { place: 16 }));
    const rules = rulesOf({ ip: ['10.0.0.0/24=10.77.5.0'], port: ['any=7'] });
    const after = [rewritten(first, rules), rewritten(second, rules)];
    expect(flowsOf(...after)).toEqual({ flows: ['10.77.5.1:7 > 10.77.5.2:7'], bad: [0, 0] });
  });

  test('a UDP datagram without a checksum keeps none; a wrong one stays wrong', () => {
    const rules = rulesOf({ ip: ['any=7.7.7.7'], port: ['any=1'] });
    const none = rewritten(frame({ udpChecksum: 'none' }), rules);
    expect(hex(none, 40, 42)).toBe('0000');
    expect(flowsOf(rewritten(frame({ udpChecksum: 'wrong', ipChecksum: 'wrong' }), rules)).bad).toEqual([1, 1]);
  });

  test('anew: checksums are computed, also where no rule fits', () => {
    const wrong = frame({ udpChecksum: 'wrong', ipChecksum: 'wrong', trailer: new Uint8Array(5) });
    expect(rewritten(wrong, noRewriting, 'anew')).toEqual(frame({ trailer: new Uint8Array(5) }));
    const six = ether(0x86dd, ip6(udp6(text('six'))));
    const spoilt = Uint8Array.from(six);
    spoilt[60] = (spoilt[60] as number) ^ 1;
    expect(rewritten(spoilt, noRewriting, 'anew')).toEqual(six);
  });

  test('what a tunnel carries stays as it is', () => {
    const inner = frame({ payload: text('within') });
    const tunnel = ether(0x0800, ip4(vxlan(inner)));
    const after = rewritten(tunnel, rulesOf({ ip: ['any=7.7.7.7'], mac: ['any=02:00:00:00:00:01'], vlan: ['none=3'] }));
    expect(Buffer.from(after).indexOf(inner)).toBe(tunnel.length - inner.length + 4);
  });

  test('bytes that are cut short, or no IP, are left alone', () => {
    const rules = rulesOf({ ip: ['any=7.7.7.7'], port: ['any=1'] });
    for (const length of [0, 13, 14, 20, 33]) expect(rewritten(frame().slice(0, length), rules).length).toBe(length);
    const arp = ether(0x0806, text('who has 10.0.0.2?'));
    expect(rewritten(arp, rules)).toEqual(arp);
    // Cut behind the ports, the checksum is not there to be kept right.
    expect(hex(rewritten(frame().slice(0, 38), rules), 26, 38)).toBe('0707070707070707' + '03e8676d');
  });

  test('any frame, any rules: right checksums stay right, and doing it backwards gives the frame again', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const address = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(
        address,
        address,
        port,
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 0, max: 3 }),
        (source, target, number, payload, tags) => {
          fc.pre(source !== target && number !== 1000);
          const parts: FrameParts = { payload, source, tags: Array(tags).fill(0x8100) };
          const bytes = frame(parts);
          const rules = rulesOf({ ip: [`src:${source}=${target}`], port: [`src:1000=${number}`] });
          const after = rewritten(bytes, rules);
          expect(after).toEqual(frame({ ...parts, source: target, sourcePort: number }));
          const back = rulesOf({ ip: [`src:${target}=${source}`], port: [`src:${number}=1000`] });
          expect(rewritten(after, back)).toEqual(bytes);
        },
      ),
    );
  });
});

describe('VLAN tags', () => {
  const vlan = (bytes: Uint8Array, ...rules: string[]) => {
    const after = rewritten(bytes, rulesOf({ vlan: rules }));
    expect(hex(after, 0, 12)).toBe(hex(bytes, 0, 12));
    return hex(after, 12, after.length - 35);
  };
  const one = frame({ tags: [0x8100] });
  const two = frame({ tags: [0x88a8, 0x8100] });

  test('the outermost is numbered anew, taken off or put on; priorities stay', () => {
    expect(vlan(one)).toBe('81000005' + '0800');
    expect(vlan(one, '5=4094')).toBe('81000ffe' + '0800');
    expect(vlan(one, '6=7', 'none=8')).toBe('81000005' + '0800');
    expect(vlan(one, 'any=none')).toBe('0800');
    expect(vlan(two, '5=none')).toBe('81000005' + '0800');
    expect(vlan(two, '5=9')).toBe('88a80009' + '81000005' + '0800');
    expect(vlan(frame(), 'none=300')).toBe('8100012c' + '0800');
    expect(vlan(frame(), 'none=none', 'any=1')).toBe('0800');
    const priority = Uint8Array.from(one);
    priority[14] = 0xf0;
    expect(vlan(priority, '5=6')).toBe('8100f006' + '0800');
  });

  test('an IPv4 packet behind tags is rewritten too', () => {
    const after = rewritten(two, rulesOf({ ip: ['any=7.7.7.7'], vlan: ['any=none'] }));
    expect(flowsOf(after)).toEqual({ flows: ['7.7.7.7:1000 > 7.7.7.7:26477'], bad: [0, 0] });
  });
});

test.each<[(text: string) => unknown, string]>([
  [parseMacRule, '02:00:00:00:00=02:00:00:00:00:01'],
  [parseMacRule, 'from:any=02:00:00:00:00:01'],
  [parseMacRule, '02:00:00:00:00:01'],
  [parseMacRule, '02:00:00:00:00:01=any'],
  [parseIpRule, '10.0.0.0/33=10.0.0.1'],
  [parseIpRule, '10.0.0.1=fd00::1'],
  [parseIpRule, '10.0.0.256=10.0.0.1'],
  [parseIpRule, '10.0.0.1=10.0.0.2/8'],
  [parseIpRule, '10.0.0.1=1.1.1.1=2.2.2.2'],
  [parsePortRule, '1=65536'],
  [parsePortRule, 'src:=1'],
  [parsePortRule, '1=none'],
  [parseVlanRule, '5=4095'],
  [parseVlanRule, '5=any'],
  [parseVlanRule, '5'],
  [parseVlanRule, '5=6=7'],
])('%o refuses %s with the form that it reads', (parse, rule) => {
  expect(() => parse(rule)).toThrow(UsageError);
  expect(() => parse(rule)).toThrow(/ is not .*as in/);
});

test('an IP datagram that is longer than its header says, or UDP shorter, is not computed anew beyond it', () => {
  const padded = ether(0x0800, ip4(concat(udp(text('x')))));
  expect(rewritten(padded, noRewriting, 'anew')).toEqual(padded);
});
