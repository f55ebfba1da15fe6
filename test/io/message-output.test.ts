import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/capture/endpoint.js';
import { SinkError, UsageError } from '../../src/core/errors.js';
import { openCaptureOutput } from '../../src/io/capture-output.js';
import { type MessageOutputSpec, openMessageOutput, outputFormatOf } from '../../src/io/message-output.js';
import { MoldUDP64Decoder } from '../../src/session/moldudp64.js';
import { read } from '../capture/drive.js';
import { EventLog, makeFlow, text } from '../session/support.js';
import { projectRoot, temporaryFolder } from '../support/cli.js';

const folder = temporaryFolder();

type Given = [bytes: string, ns?: number, sequence?: number];

function write(name: string, given: Given[], spec: Partial<MessageOutputSpec> = {}, ends = true) {
  const path = join(folder, name);
  const output = openMessageOutput({ path, ...spec });
  for (const [bytes, ns = 0, sequence = 0] of given) {
    const message = text(bytes);
    output.message(new DataView(message.buffer), 0, message.length, 100, ns, sequence);
  }
  if (ends) output.endOfSession();
  output.close();
  return { bytes: new Uint8Array(readFileSync(path)), counts: output.counts };
}

describe('BinaryFILE', () => {
  test('a length before each message, and a length of 0 where the session ended', () => {
    const { bytes, counts } = write('a.itch', [['abc'], ['d', 1, 9]]);
    expect(Buffer.from(bytes).toString('latin1')).toBe('\0\x03abc\0\x01d\0\0');
    expect(counts).toEqual({
      messages: 2,
      packets: 0,
      bytes: 10,
      tooLong: 0,
      zeroLength: 0,
      clampedTimestamps: 0,
      connections: 0,
    });
    expect(write('b.itch', [['abc']], {}, false).bytes).toHaveLength(5);
  });

  test('a message of no bytes would end the session, one of more than the prefix can tell fits nowhere', () => {
    const { bytes, counts } = write('c.itch', [[''], ['x'.repeat(65_535)], ['y'.repeat(65_536)]], {}, false);
    expect([bytes.length, counts.messages, counts.zeroLength, counts.tooLong]).toEqual([65_537, 1, 1, 1]);
  });

  test('more than the buffer holds', () => {
    const given = Array.from({ length: 50 }, (_, index): Given => [String(index).repeat(30_000)]);
    const { bytes } = write('d.itch', given);
    const expected = given.flatMap(([one]) => [String.fromCharCode(one.length >> 8, one.length & 0xff), one]);
    expect(Buffer.from(bytes).toString('latin1') === `${expected.join('')}\0\0`).toBe(true);
  });
});

describe('MoldUDP64', () => {
  function heard(bytes: Uint8Array) {
    const log = new EventLog();
    const decoder = new MoldUDP64Decoder(null, log);
    const { datagrams, damage } = read(bytes);
    const packets = datagrams.map(({ flow, seconds, nanoseconds, payload }, index) => {
      const packet = text(payload);
      decoder.packet(new DataView(packet.buffer), 0, packet.length, 0, index + 1, 0);
      return `${seconds}.${nanoseconds} ${flow}`;
    });
    return { packets, events: log.events, damage, session: decoder.stream?.session };
  }

  test.each(['pcap', 'pcapng'] as const)('%s', (format) => {
    const { bytes, counts } = write(`m.${format}`, [
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ]);
    const { packets, events, damage, session } = heard(bytes);
    const name = '127.0.0.1:26400 > 239.255.42.1:26477';
    expect(packets).toEqual([`100.1 ${name}`, `100.2 ${name}`, `100.2 ${name}`]);
    expect(events).toEqual(['message 1 a', 'message 2 b', 'message 3 c', 'end 4']);
    expect([damage, session]).toEqual([[], 'TICKREEL01']);
    expect(counts).toMatchObject({ messages: 3, packets: 3, bytes: bytes.length });
  });

  test('as it is told', () => {
    const { bytes } = write(
      'told.pcap',
      [
        ['a', 1, 5],
        ['b', 2],
        ['c', 3, 9],
      ],
      {
        session: 'OTHER',
        source: parseEndpoint('10.0.0.1:1'),
        destination: parseEndpoint('10.0.0.2:2'),
        pack: 'mtu',
        firstSequence: 4,
        ttl: 1,
      },
      false,
    );
    const { packets, events, session } = heard(bytes);
    expect(packets).toEqual(['100.2 10.0.0.1:1 > 10.0.0.2:2', '100.3 10.0.0.1:1 > 10.0.0.2:2']);
    expect(events).toEqual(['message 5 a', 'message 6 b', 'gap 7-8', 'message 9 c']);
    expect([session, bytes[24 + 16 + 14 + 8]]).toEqual(['OTHER', 1]);
  });

  test('datagrams go through what decorates them, which closes the file', () => {
    const { bytes } = write('twice.pcap', [['a']], {
      decorate: (output) => ({
        datagram(view, offset, length, flow, seconds, nanoseconds) {
          output.datagram(view, offset, length, flow, seconds, nanoseconds);
          output.datagram(view, offset, length, makeFlow(), seconds + 1, nanoseconds);
        },
        close: () => output.close(),
      }),
    });
    expect(heard(bytes).packets.map((packet) => packet.split(' ')[0])).toEqual(['100.0', '101.0', '100.0', '101.0']);
  });
});

test('IPv6 datagrams may be longer than those of IPv4', () => {
  const path = join(folder, 'long.pcap');
  const output = openCaptureOutput({ path, format: 'pcap' });
  const view = new DataView(new ArrayBuffer(65_528));
  const ipv6 = { ...makeFlow(), source: '::1', destination: '::2' };
  for (const length of [65_507, 65_508, 65_527, 65_528]) output.datagram(view, 0, length, makeFlow(), 1, 0);
  for (const length of [65_507, 65_508, 65_527, 65_528]) output.datagram(view, 0, length, ipv6, 1, 0);
  output.close();
  expect([output.packets, output.tooLong]).toEqual([4, 4]);
});

describe('opening', () => {
  test.each([
    ['a.pcap', 'pcap'],
    ['A.PCAPNG', 'pcapng'],
    ['01302020.NASDAQ_ITCH50', 'binaryfile'],
    ['x.itch', 'binaryfile'],
    ['x.BX_ITCH_50', 'binaryfile'],
    ['x.bin', 'binaryfile'],
  ])('%s is a %s', (path, format) => {
    expect(outputFormatOf(path)).toBe(format);
    expect(outputFormatOf(path, 'pcap')).toBe('pcap');
  });

  test.each([
    ['-', /standard output.*--format/],
    ['x.itch.gz', /uncompressed.*pipe/],
    ['x.pcap.zst', /uncompressed/],
    ['x.txt', /\.pcapng.*--format/],
    ['itch', /extension/],
  ])('%s tells no format', (path, text) => {
    expect(() => outputFormatOf(path)).toThrow(UsageError);
    expect(() => outputFormatOf(path)).toThrow(text);
  });

  test('what contradicts itself is refused before a file is made', () => {
    const path = join(folder, 'never.pcap');
    const decorate: MessageOutputSpec['decorate'] = (output) => output;
    const specs: Partial<MessageOutputSpec>[] = [
      { format: 'binaryfile', framing: 'moldudp64' },
      { framing: 'soupbintcp', decorate },
      { framing: 'soupbintcp', mtu: 100 },
      { mtu: 60 },
      { session: 'much too long' },
      { ttl: 256 },
    ];
    for (const spec of specs) expect(() => openMessageOutput({ path, ...spec })).toThrow(UsageError);
    expect(existsSync(path)).toBe(false);
  });

  test('a file that is being read is refused, by another name too', () => {
    const input = join(folder, 'input.itch');
    const alias = join(folder, 'alias.itch');
    writeFileSync(input, 'kept');
    const second = join(folder, 'second.itch');
    symlinkSync(input, alias);
    linkSync(input, second);
    for (const path of [input, alias, second]) {
      expect(() => openMessageOutput({ path, inputPaths: ['-', 'absent', input] })).toThrow(SinkError);
    }
    expect(readFileSync(input, 'utf8')).toBe('kept');
  });

  test.skipIf(process.platform !== 'linux')('a full disk is a SinkError once, also where the rest is put out', () => {
    for (const framing of [undefined, 'moldudp64', 'soupbintcp'] as const) {
      const format = framing === undefined ? 'binaryfile' : 'pcap';
      const output = openMessageOutput({ path: '/dev/full', format, framing });
      output.message(new DataView(new ArrayBuffer(100)), 0, 100, 1, 1, 0);
      expect(() => output.close()).toThrow(/cannot write \/dev\/full: the disk is full/);
    }
  });
});

describe('standard output', () => {
  /** Runs a script that writes 3 MB to standard output, piped into `command`. */
  const script = `
    const { openMessageOutput } = await import('tickreel');
    const output = openMessageOutput({ path: '-', format: 'binaryfile' });
    const view = new DataView(new ArrayBuffer(30_000));
    process.stdout.on('error', () => {});
    try {
      for (let index = 0; index < 100; index++) output.message(view, 0, 30_000, 1, 1, 0);
      output.close();
    } catch (error) {
      process.stderr.write(error.code);
    }`;
  const piped = (command: string) =>
    spawnSync('sh', ['-c', `"${process.execPath}" --input-type=module -e "$SCRIPT" | ${command}`], {
      cwd: projectRoot,
      env: { ...process.env, SCRIPT: script },
      encoding: 'utf8',
    });

  test('a slow reader is waited for', () => {
    const { stdout, stderr } = piped('(sleep 0.3; wc -c)');
    expect([stdout.trim(), stderr]).toEqual(['3000200', '']);
  });

  test('a reader that goes is told apart', () => {
    expect(piped('head -c 10 > /dev/null').stderr).toBe('closed-pipe');
  });
});
