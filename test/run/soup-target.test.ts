import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { type SoupTarget, soupTargetDefaults } from '../../src/run/soup-target.js';
import { formatTarget, parseTarget } from '../../src/run/target.js';

const soup = (port: number, options: Partial<SoupTarget> = {}): SoupTarget => ({
  ...soupTargetDefaults,
  port,
  ...options,
});
const at = 'soupbintcp://127.0.0.1:1';

describe('parseTarget', () => {
  test.each<[string, SoupTarget]>([
    ['soupbintcp://127.0.0.1:26400', soup(26400)],
    ['soupbintcp://:26400', soup(26400)],
    ['soupbintcp://:0/', soup(0)],
    ['soupbintcp://0.0.0.0:65535', soup(65535, { host: '0.0.0.0' })],
    ['soupbintcp://[::1]:7', soup(7, { host: '::1' })],
    ['soupbintcp://feed.example-1.net:1', soup(1, { host: 'feed.example-1.net' })],
    [`${at}?user=me&password=secret`, soup(1, { user: 'me', password: 'secret' })],
    [`${at}?history=0&buffer=131072`, soup(1, { historyBytes: 0, bufferBytes: 131_072 })],
    [`${at}?history=1GiB&buffer=2MB`, soup(1, { historyBytes: 1 << 30, bufferBytes: 2e6 })],
    [`${at}?history=500k&buffer=200KiB`, soup(1, { historyBytes: 500_000, bufferBytes: 204_800 })],
    [`${at}/?slow=wait&wait=0`, soup(1, { slow: 'wait', wait: 0 })],
    [`${at}?slow=disconnect&clients=3&wait=3`, soup(1, { maxClients: 3, wait: 3 })],
    [`${at}?reorder=0`, soup(1, { reorderNs: 0 })],
    [`${at}?client-timeout=1m30s`, soup(1, { clientTimeoutMs: 90_000 })],
  ])('%s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  test.each<[string, RegExp]>([
    ['soupbintcp:127.0.0.1:1', /is not soupbintcp:\/\/HOST:PORT .* as in soupbintcp:\/\/:26400/],
    ['soupbintcp://127.0.0.1', /is not soupbintcp:\/\/HOST:PORT/],
    ['soupbintcp://', /is not soupbintcp/],
    ['soupbintcp://::1:5', /IPv6 address goes in brackets/],
    ['soupbintcp://127.0.0.1:65536', /port 65536 is outside 0 to 65535/],
    ['soupbintcp://me@127.0.0.1:1', /is not soupbintcp/],
    [`${at}?user=`, /user is 1 to 6 printable characters/],
    [`${at}?user=sevenup`, /user is 1 to 6 printable characters/],
    [`${at}?password=elevenchars`, /password is 1 to 10 printable characters/],
    [`${at}?password=a%20b`, /password is 1 to 10/],
    [`${at}?history=2GiB`, /history is a number of bytes from 0 to 1GiB/],
    [`${at}?history=1KB`, /history is a number of bytes/],
    [`${at}?buffer=131071`, /buffer is a number of bytes from 131072 to 1GiB, as in buffer=64MiB/],
    [`${at}?buffer=lots`, /buffer is a number of bytes/],
    [`${at}?slow=maybe`, /slow is disconnect or wait/],
    [`${at}?client-timeout=50ms`, /client-timeout is 100ms or more/],
    [`${at}?client-timeout=15`, /the unit is missing/],
    [`${at}?wait=-1`, /wait is a whole number from 0 to 1024/],
    [`${at}?clients=0`, /clients is a whole number from 1 to 1024/],
    [`${at}?wait=65`, /wait=65 can never be: no more than 64 clients are let in/],
    [
      `${at}?ttl=1`,
      /unknown option 'ttl'; there are user, password, history, buffer, slow, client-timeout, reorder, wait/,
    ],
  ])('refuses %j', (text, why) => {
    expect(() => parseTarget(text)).toThrow(UsageError);
    expect(() => parseTarget(text)).toThrow(why);
  });
});

describe('formatTarget', () => {
  test('tells address and port, and no password', () => {
    expect(formatTarget(parseTarget(`${at}?password=secret`))).toBe(at);
    expect(formatTarget(parseTarget('soupbintcp://[::1]:5'))).toBe('soupbintcp://[::1]:5');
    expect(formatTarget(parseTarget('soupbintcp://:5'))).toBe('soupbintcp://127.0.0.1:5');
  });
});
