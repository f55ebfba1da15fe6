import { describe, expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { MAX_HELD_BLOCK_BYTES } from '../../src/capture/pcapng.js';
import { concat, frame, Section, text, words } from './build.js';
import { mostHeld, type Outcome, read } from './drive.js';

const s = new Section();
const be = new Section(false);
const start = concat(s.header(), s.interface());

function packet(name: string, section = s): Uint8Array {
  return section.enhanced(frame({ payload: text(name) }), 1_000_000n);
}

/** Reads in three kinds of chunks, which have to agree. */
function recover(bytes: Uint8Array): Outcome {
  const outcome = read(bytes, [], { recover: true });
  expect(read(bytes, [1], { recover: true })).toEqual(outcome);
  expect(read(bytes, [37, 5], { recover: true })).toEqual(outcome);
  return outcome;
}

const payloads = ({ datagrams }: Outcome): string[] => datagrams.map((one) => one.payload);

describe('the next plausible block is found behind', () => {
  const damaged: [string, string, Uint8Array][] = [
    ['a length below the least', 'block-length', words([6, 28], true)],
    ['a length that is no multiple of 4', 'block-length', words([6, 101, 0, 0], true)],
    ['zeros', 'block-length', new Uint8Array(200)],
    ['an odd number of zeros', 'block-length', new Uint8Array(203)],
    ['lengths that disagree', 'block-length', s.block(6, new Uint8Array(80), 96)],
    ['lengths that disagree in an unknown block', 'block-length', s.block(77, new Uint8Array(80), 96)],
    ['a length longer than is held', 'block-length', words([6, MAX_HELD_BLOCK_BYTES + 4, 0, 0], true)],
    ['a length beyond the end', 'truncated', words([6, 100_000, 0, 0], true)],
    ['text', 'block-length', text('something else was written here')],
    ['the half of a packet', 'block-length', packet('half').slice(0, 40)],
  ];
  test.each(damaged)('%s', (_, code, bytes) => {
    const before = concat(start, packet('one'));
    const outcome = recover(concat(before, bytes, packet('two'), packet('three')));
    expect(payloads(outcome)).toEqual(['one', 'two', 'three']);
    expect(outcome.damage.map((one) => [one.code, one.offset])).toEqual([[code, before.length]]);
    const at = before.length + bytes.length;
    expect(outcome.damage[0]?.message).toContain(
      `${bytes.length} bytes were skipped: the next plausible block begins at byte ${at}.`,
    );
    expect(outcome.damage[0]?.message).not.toContain('--recover');
  });

  test('each of several; what lies alone between two is lost with them', () => {
    const junk = text('some junk');
    const file = concat(start, junk, packet('one'), junk, packet('two'), packet('three'), junk);
    const outcome = recover(file);
    expect(payloads(outcome)).toEqual(['two', 'three']);
    expect(outcome.damage.map((one) => one.offset)).toEqual([start.length, file.length - junk.length]);
  });

  test.each([0, 2, 4])('a packet of small numbers, %i bytes behind zeros, in either byte order', (shift) => {
    for (const section of [s, be]) {
      const simple = section.simple(frame({ payload: text('abc') }));
      const head = concat(section.header(), section.interface());
      const file = concat(head, simple, new Uint8Array(40 + shift), simple, simple);
      expect(payloads(recover(file))).toEqual(['abc', 'abc', 'abc']);
    }
  });
});

test('nothing plausible: what was skipped is counted', () => {
  const bytes = concat(start, packet('one'));
  const outcome = recover(concat(bytes, new Uint8Array(500)));
  expect(payloads(outcome)).toEqual(['one']);
  expect(outcome.damage.map((one) => [one.code, one.offset])).toEqual([['block-length', bytes.length]]);
  expect(outcome.damage[0]?.message).toContain('500 bytes were skipped: no plausible block follows.');
});

test('a sound capture reads as without', () => {
  const file = concat(
    start,
    packet('one'),
    s.block(4, new Uint8Array(8)),
    be.header(),
    be.interface(),
    packet('b', be),
  );
  expect(recover(file)).toEqual(read(file));
});

test('a capture that ends early delivers every whole packet, at any length', () => {
  const file = concat(start, packet('one'), packet('two'));
  for (let length = 4; length < file.length; length++) {
    const whole = read(file.slice(0, length));
    const outcome = recover(file.slice(0, length));
    expect(payloads(outcome)).toEqual(payloads(whole));
    expect(outcome.damage).toHaveLength(whole.damage.length);
  }
});

describe('what a lost block would have said is not taken from another', () => {
  const wrong = (block: Uint8Array) => block.with(block.length - 4, 0xff);

  test('a section header without magic: its packets have no interface, and those of the next section do', () => {
    const header = s.header();
    header.fill(0xee, 8, 12);
    const rest = concat(packet('two'), s.header(), s.interface(), packet('three'));
    const { damage, skipped, ...outcome } = recover(concat(start, packet('one'), header, rest));
    expect(payloads({ damage, skipped, ...outcome })).toEqual(['one', 'three']);
    expect(skipped).toEqual({ 'damaged pcapng block': 1 });
    expect(damage.map((one) => one.code)).toEqual(['section', 'interface']);
    expect(damage[1]?.message).toContain('Packet 2 was left out: it names interface 0');
  });

  test('a section header of the other byte order: found by its blocks', () => {
    const header = be.header();
    header.fill(0xee, 0, 12);
    const file = concat(start, packet('one'), header, packet('two', be), be.interface(), packet('three', be));
    const { damage, ...outcome } = recover(file);
    expect(payloads({ damage, ...outcome })).toEqual(['one', 'three']);
    expect(damage.map((one) => one.code)).toEqual(['block-length', 'interface']);
  });

  test('the first section header', () => {
    const header = s.header();
    header.fill(0xee, 8, 12);
    const { damage, ...outcome } = recover(concat(header, s.interface(), packet('one')));
    expect(payloads({ damage, ...outcome })).toEqual(['one']);
    expect(damage.map((one) => one.code)).toEqual(['section']);
  });

  test('a section of an unknown version', () => {
    const { damage, ...outcome } = recover(concat(s.header([3, 0]), s.interface(), packet('one')));
    expect(payloads({ damage, ...outcome })).toEqual(['one']);
    expect(damage.map((one) => one.code)).toEqual(['pcapng-version']);
  });

  test('an interface: those behind it keep their numbers', () => {
    const second = s.enhanced(frame({ payload: text('second') }), 5_000_000_000n, 1);
    const file = concat(s.header(), wrong(s.interface()), s.interface(1, 0, s.option(9, [9])), second, packet('one'));
    const { damage, datagrams, skipped } = recover(file);
    expect(datagrams.map((one) => [one.payload, one.seconds])).toEqual([['second', 5]]);
    expect(skipped).toEqual({ 'damaged pcapng block': 1 });
    expect(damage.map((one) => one.code)).toEqual(['block-length', 'interface']);
  });
});

test.each([0, 1, 6, 0x0a])('megabytes of %i are passed over without being held', (byte) => {
  const reader = new CaptureReader({ onDamage: () => {}, recover: true });
  reader.push(concat(start, packet('one')));
  expect(reader.next()).toBe(true);
  const chunk = new Uint8Array(65_536).fill(byte);
  for (let count = 0; count < 64; count++) {
    expect(reader.next()).toBe(false);
    reader.push(chunk);
    expect(reader.view.buffer.byteLength).toBeLessThanOrEqual(mostHeld(chunk.length));
  }
  reader.push(concat(packet('two'), packet('three')));
  reader.end();
  expect([reader.next(), reader.next(), reader.next(), reader.done]).toEqual([true, true, false, true]);
});
