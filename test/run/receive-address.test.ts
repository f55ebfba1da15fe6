import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { parseReceiveAddress } from '../../src/run/receive-address.js';

const address = (host: string, port: number, more = {}) => ({ host, port, iface: null, ...more });

describe('parseReceiveAddress', () => {
  test.each([
    ['udp://127.0.0.1:26477', address('127.0.0.1', 26477)],
    ['udp://[::1]:5', address('::1', 5)],
    ['udp://239.1.2.3:5000?iface=eth0&ttl=4&loopback=true', address('239.1.2.3', 5000, { iface: 'eth0' })],
    ['udp://127.0.0.1:1?via=recvmmsg&busypoll=50us', address('127.0.0.1', 1, { via: 'recvmmsg', busyPollUs: 50 })],
    ['udp://127.0.0.1:1?gro=on', address('127.0.0.1', 1, { coalesce: true })],
    ['udp://127.0.0.1:1?gro=off&via=dgram', address('127.0.0.1', 1, { coalesce: false, via: 'dgram' })],
    ['udp://127.0.0.1:1?via=dgram', address('127.0.0.1', 1, { via: 'dgram' })],
  ])('%s', (text, expected) => {
    expect(parseReceiveAddress(text)).toEqual(expected);
  });

  test.each([
    ['inproc', /is not udp:\/\/HOST:PORT/],
    ['udp://:26477', /needs a host and a port/],
    ['udp://127.0.0.1', /needs a host and a port/],
    ['udp://127.0.0.1:65536', /port 65536 is outside 1 to 65535/],
    ['udp://127.0.0.1:1?via=sendmmsg', /via is one of auto, recvmmsg, dgram/],
    ['udp://127.0.0.1:1?busypoll=0s', /busypoll is a time of up to 10ms/],
    ['udp://127.0.0.1:1?busypoll=1s', /busypoll is a time of up to 10ms/],
    ['udp://127.0.0.1:1?gso=off', /unknown option 'gso'; there are iface, via, busypoll and gro/],
    ['udp://127.0.0.1:1?gro=maybe', /gro is on or off/],
    ['udp://127.0.0.1:1?gro=on&via=dgram', /gro=on cannot be had with via=dgram/],
  ])('refuses %s', (text, why) => {
    expect(() => parseReceiveAddress(text)).toThrow(UsageError);
    expect(() => parseReceiveAddress(text)).toThrow(why);
  });
});
