import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import {
  checkSoupSession,
  MAX_SOUP_PAYLOAD,
  SoupType,
  writeDebug,
  writeLoginAccepted,
  writeLoginRejected,
  writeLoginRequest,
  writeSoupHeader,
  writeSoupPacket,
} from '../../src/session/soupbintcp-writer.js';

const filler = 0xee;

/** What a writer writes at byte 2 of a view, and that it says where it ended and touches nothing else. */
function written(write: (view: DataView, offset: number) => number): string {
  const bytes = new Uint8Array(200).fill(filler);
  const end = write(new DataView(bytes.buffer, 3), 2);
  expect([...bytes.subarray(0, 5), ...bytes.subarray(3 + end)].every((byte) => byte === filler)).toBe(true);
  return Buffer.from(bytes.subarray(5, 3 + end)).toString('latin1');
}

const login = { username: 'user', password: 'secret', session: 'S7', sequence: 42 };
const payload = new DataView(Uint8Array.from('..MESSAGE..', (char) => char.charCodeAt(0)).buffer);

describe('each packet as its table in section 2 has it', () => {
  test.each<[string, (view: DataView, offset: number) => number, string]>([
    ['debug', (view, at) => writeDebug(view, at, 'hi é'), '\x00\x05+hi ?'],
    [
      'loginAccepted',
      (view, at) => writeLoginAccepted(view, at, 'SESSION1', 1),
      '\x00\x1fA  SESSION1                   1',
    ],
    ['loginRejected', (view, at) => writeLoginRejected(view, at, 'S'), '\x00\x02JS'],
    [
      'sequencedData',
      (view, at) => writeSoupPacket(view, at, SoupType.sequencedData, payload, 2, 7),
      '\x00\x08SMESSAGE',
    ],
    [
      'sequencedData without bytes',
      (view, at) => writeSoupPacket(view, at, SoupType.sequencedData, payload, 2, 0),
      '\x00\x01S',
    ],
    ['serverHeartbeat', (view, at) => writeSoupHeader(view, at, SoupType.serverHeartbeat), '\x00\x01H'],
    ['endOfSession', (view, at) => writeSoupHeader(view, at, SoupType.endOfSession), '\x00\x01Z'],
    [
      'loginRequest',
      (view, at) => writeLoginRequest(view, at, login),
      '\x00\x2fLuser  secret            S7                  42',
    ],
    [
      'loginRequest for the current session and the most recent message',
      (view, at) => writeLoginRequest(view, at, { username: '', password: '', session: '', sequence: 0 }),
      `\x00\x2fL${' '.repeat(45)}0`,
    ],
    [
      'unsequencedData',
      (view, at) => writeSoupPacket(view, at, SoupType.unsequencedData, payload, 2, 3),
      '\x00\x04UMES',
    ],
    ['clientHeartbeat', (view, at) => writeSoupHeader(view, at, SoupType.clientHeartbeat), '\x00\x01R'],
    ['logoutRequest', (view, at) => writeSoupHeader(view, at, SoupType.logoutRequest), '\x00\x01O'],
  ])('%s', (_, write, bytes) => {
    expect(written(write)).toBe(bytes);
  });
});

test('the longest payload', () => {
  const source = new DataView(new ArrayBuffer(MAX_SOUP_PAYLOAD + 1));
  const into = new DataView(new ArrayBuffer(MAX_SOUP_PAYLOAD + 3));
  expect(writeSoupPacket(into, 0, SoupType.sequencedData, source, 0, MAX_SOUP_PAYLOAD)).toBe(65_537);
  expect(into.getUint16(0)).toBe(65_535);
  expect(() => writeSoupPacket(into, 0, SoupType.sequencedData, source, 0, MAX_SOUP_PAYLOAD + 1)).toThrow(UsageError);
});

test('the greatest exact sequence number', () => {
  const sequence = Number.MAX_SAFE_INTEGER;
  expect(written((view, at) => writeLoginAccepted(view, at, '', sequence)).slice(13)).toBe(`    ${sequence}`);
});

describe('bad calls', () => {
  const view = new DataView(new ArrayBuffer(100));
  test.each([
    [{ username: 'sevench' }, /user name/],
    [{ password: 'eleven char' }, /password/],
    [{ session: 'eleven char' }, /session/],
    [{ session: 'caf\u00e9' }, /session/],
    [{ sequence: -1 }, /sequence number/],
    [{ sequence: 1.5 }, /sequence number/],
    [{ sequence: 2 ** 53 }, /sequence number/],
  ])('%j', (part, message) => {
    expect(() => writeLoginRequest(view, 0, { ...login, ...part })).toThrow(UsageError);
    expect(() => writeLoginRequest(view, 0, { ...login, ...part })).toThrow(message);
  });

  test('a session is checked beforehand', () => {
    expect(() => checkSoupSession('TEN CHARS ')).not.toThrow();
    expect(() => checkSoupSession('ELEVEN CHAR')).toThrow(UsageError);
  });
});
