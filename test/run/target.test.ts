import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { defaultTtl, formatTarget, parseTarget, parseUdpTarget, type Target } from '../../src/run/target.js';

const udp = (host: string | null, port: number | null, options = {}): Target => ({
  kind: 'udp',
  host,
  port,
  ttl: defaultTtl,
  iface: null,
  loopback: true,
  ...options,
});

describe('parseTarget', () => {
  test.each<[string, Target]>([
    ['null', { kind: 'null' }],
    ['inproc', { kind: 'inproc', via: 'handler' }],
    ['inproc:', { kind: 'inproc', via: 'handler' }],
    ['inproc:ring', { kind: 'inproc', via: 'ring' }],
    ['pcap:out.pcap', { kind: 'pcap', path: 'out.pcap' }],
    ['pcap:/tmp/a b:c.pcap', { kind: 'pcap', path: '/tmp/a b:c.pcap' }],
    ['pcap:///tmp/x', { kind: 'pcap', path: '/tmp/x' }],
    ['eth://lo', { kind: 'eth', iface: 'lo', bypassQdisc: true, checksums: 'keep' }],
    [
      'eth://eth1.100/?qdisc-bypass=0&checksums=anew',
      { kind: 'eth', iface: 'eth1.100', bypassQdisc: false, checksums: 'anew' },
    ],
    ['udp://127.0.0.1:26477', udp('127.0.0.1', 26477)],
    ['udp://127.0.0.1:26477/', udp('127.0.0.1', 26477)],
    ['udp://feed.example-1.net:1', udp('feed.example-1.net', 1)],
    ['udp://[::1]:65535', udp('::1', 65535)],
    ['udp://[fe80::1%eth0]:9', udp('fe80::1%eth0', 9)],
    ['udp://239.1.2.3:5000?ttl=8', udp('239.1.2.3', 5000, { ttl: 8 })],
    [
      'udp://239.1.2.3:5000?iface=127.0.0.1&loopback=false',
      udp('239.1.2.3', 5000, { iface: '127.0.0.1', loopback: false }),
    ],
    ['udp://239.1.2.3:5000/?loopback=1&ttl=255&iface=eth0', udp('239.1.2.3', 5000, { iface: 'eth0', ttl: 255 })],
    ['udp://10.0.0.1:9?via=sendmmsg&gso=off', udp('10.0.0.1', 9, { via: 'sendmmsg', gso: 'off' })],
    ['udp://10.0.0.1:9?via=dgram&gso=auto', udp('10.0.0.1', 9, { via: 'dgram', gso: 'auto' })],
    ['udp://239.1.2.3:5000?loopback=0', udp('239.1.2.3', 5000, { loopback: false })],
  ])('%s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  test.each<[string, Target]>([
    ['udp://', udp(null, null)],
    ['udp://?ttl=4', udp(null, null, { ttl: 4 })],
    ['udp://10.0.0.1', udp('10.0.0.1', null)],
    ['udp://:7000', udp(null, 7000)],
  ])('%s, with the captured destinations kept', (text, target) => {
    expect(parseTarget(text, true)).toEqual(target);
  });

  test.each<[string, RegExp]>([
    [
      '',
      /--to '' is not understood; use udp:\/\/HOST:PORT, soupbintcp:\/\/HOST:PORT, eth:\/\/INTERFACE, inproc, inproc:ring, pcap:FILE or null/,
    ],
    ['tcp://127.0.0.1:1', /is not understood/],
    ['inproc:worker', /is not understood/],
    ['NULL', /is not understood/],
    ['127.0.0.1:26477', /is not understood/],
    ['pcap:', /needs a file/],
    ['eth://', /is not eth:\/\/INTERFACE/],
    ['eth:lo', /is not eth:\/\/INTERFACE/],
    ['eth://a-name-too-long0', /is not eth:\/\/INTERFACE/],
    ['eth://lo?qdisc-bypass=maybe', /qdisc-bypass is true or false/],
    ['eth://lo?checksums=none', /checksums is keep or anew/],
    ['eth://lo?ttl=1', /unknown option 'ttl'; there are qdisc-bypass and checksums/],
    ['udp:127.0.0.1:26477', /is not udp:\/\/HOST:PORT/],
    ['udp://127.0.0.1', /needs a host and a port/],
    ['udp://:26477', /needs a host and a port/],
    ['udp://', /needs a host and a port/],
    ['udp://127.0.0.1:0', /port 0 is outside 1 to 65535/],
    ['udp://127.0.0.1:65536', /port 65536 is outside/],
    ['udp://127.0.0.1:1234567', /is not udp/],
    ['udp://127.0.0.1:port', /is not udp/],
    ['udp://::1:26477', /IPv6 address goes in brackets/],
    ['udp://user@host:1:2', /is not udp/],
    ['udp://127.0.0.1:1#x', /is not udp/],
    ['udp://127.0.0.1:1?ttl=0', /ttl must be a whole number from 1 to 255/],
    ['udp://127.0.0.1:1?ttl=256', /ttl must be/],
    ['udp://127.0.0.1:1?ttl=1.5', /ttl must be/],
    ['udp://127.0.0.1:1?ttl=', /ttl must be/],
    ['udp://127.0.0.1:1?loopback=maybe', /loopback is true or false/],
    ['udp://127.0.0.1:1?loopback=', /loopback is true or false/],
    ['udp://127.0.0.1:1?via=sendto', /via is one of auto, sendmmsg, dgram/],
    ['udp://127.0.0.1:1?gso=on', /gso is auto or off/],
    ['udp://127.0.0.1:1?TTL=3', /unknown option 'TTL'; there are ttl, iface, loopback, via and gso/],
  ])('refuses %j', (text, why) => {
    expect(() => parseTarget(text)).toThrow(UsageError);
    expect(() => parseTarget(text)).toThrow(why);
  });

  test('host and port contradict the captured destinations', () => {
    expect(() => parseTarget('udp://10.0.0.1:5', true)).toThrow(/which --keep-destinations takes from the capture/);
  });

  test('listen takes UDP only', () => {
    expect(() => parseUdpTarget('inproc')).toThrow(/is not udp/);
  });
});

describe('formatTarget', () => {
  test.each(['null', 'inproc', 'inproc:ring', 'pcap:/tmp/x', 'udp://127.0.0.1:26477', 'udp://[::1]:5'])(
    '%s',
    (text) => {
      expect(formatTarget(parseTarget(text))).toBe(text);
    },
  );

  test.each(['udp://', 'udp://10.0.0.1', 'udp://:7000'])('%s', (text) => {
    expect(formatTarget(parseTarget(text, true))).toBe(text);
  });
});
