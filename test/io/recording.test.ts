import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { flowBetween } from '../../src/capture/endpoint.js';
import type { EpochTime } from '../../src/core/clock.js';
import type { SinkError } from '../../src/core/errors.js';
import type { Flow } from '../../src/core/seams.js';
import type { CaptureFormat } from '../../src/io/capture-output.js';
import { chunkBytes } from '../../src/io/chunk-writer.js';
import { Recording, type RecordingSpec } from '../../src/io/recording.js';
import { type Datagram, read } from '../capture/drive.js';
import { diskError, MemoryDisk } from './memory-disk.js';

const startSeconds = 1_767_623_400;
const ipv4 = (index: number): Flow =>
  flowBetween('UDP', { address: '10.0.0.1', port: 5000 + index }, { address: '239.1.2.3', port: 26_477 }, index);
const ipv6 = (index: number): Flow =>
  flowBetween('UDP', { address: 'fe80::1', port: 5000 + index }, { address: 'ff15::7', port: 26_477 }, index);
const flows = [ipv4(0), ipv4(1), ipv6(2)];
const noBounds = { rotateBytes: Number.POSITIVE_INFINITY, rotateNs: Number.POSITIVE_INFINITY };

interface Sent {
  payload: string;
  interfaceIndex: number;
  seconds: number;
  nanoseconds: number;
}

/** A recording of three interfaces on a disk in memory, its clock moved by hand. */
function rig(spec: Partial<RecordingSpec> = {}, disk = new MemoryDisk()) {
  const now = { seconds: startSeconds, nanoseconds: 0 };
  const received = [0, 0, 0];
  const drops: (number | null)[] = [0, 0, null];
  const failures: SinkError[] = [];
  const recording = new Recording(
    {
      path: 'feed.pcapng',
      format: 'pcapng',
      force: false,
      ...noBounds,
      keep: Number.POSITIVE_INFINITY,
      memoryBytes: 8 * chunkBytes,
      section: { hardware: 'a machine', os: 'an OS', application: 'a test' },
      interfaces: flows.map((flow, index) => ({ name: `if${index}`, description: flow.name })),
      ...spec,
    },
    {
      received: (index) => received[index] as number,
      kernelDrops: (index) => drops[index] ?? null,
      now: (): EpochTime => ({ ...now }),
      onFailure: (error) => failures.push(error),
    },
    disk,
  );
  const sent: Sent[] = [];
  const send = (payload: string, interfaceIndex = 0, seconds = now.seconds, nanoseconds = now.nanoseconds): void => {
    const bytes = Buffer.from(payload, 'latin1');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    recording.datagram(view, 0, bytes.length, flows[interfaceIndex] as Flow, interfaceIndex, seconds, nanoseconds);
    sent.push({ payload, interfaceIndex, seconds, nanoseconds });
    (received[interfaceIndex] as number)++;
  };
  return { recording, disk, now, drops, failures, sent, send };
}

/** What of a datagram was sent. */
function asSent({ payload, flow, seconds, nanoseconds }: Datagram): Sent {
  return { payload, interfaceIndex: flows.findIndex(({ name }) => name === flow), seconds, nanoseconds };
}

/** All datagrams of all files, each of which must be whole. */
function contents(disk: MemoryDisk): Sent[] {
  return [...disk.files.keys()].sort().flatMap((path) => {
    const { datagrams, damage, counts } = read(disk.bytesOf(path));
    expect([damage, counts.badIpChecksums, counts.badUdpChecksums], path).toEqual([[], 0, 0]);
    return datagrams.map(asSent);
  });
}

/** What a pcapng says of its interfaces. */
function interfacesOf(disk: MemoryDisk, path: string) {
  const reader = new CaptureReader({ onDamage: () => {} });
  reader.push(disk.bytesOf(path));
  reader.end();
  while (reader.next());
  return reader.description?.interfaces ?? [];
}

const feeds = fc.array(
  fc.record({
    payload: fc.string({ maxLength: 400, unit: fc.constantFrom('a', '\0', 'ÿ') }),
    interfaceIndex: fc.nat(2),
    gapNs: fc.nat(900_000_000),
  }),
  { maxLength: 60 },
);
const formats = fc.constantFrom<CaptureFormat>('pcap', 'pcapng');

describe('one file', () => {
  test('holds what came, with its header and statistics', async () => {
    const { recording, disk, now, drops, sent, send } = rig();
    send('first');
    send('second', 1);
    drops[1] = 5;
    now.seconds++;
    send('third', 2);
    await recording.end();
    expect([...disk.files.keys()]).toEqual(['feed.pcapng']);
    expect(contents(disk)).toEqual(sent);
    const said = interfacesOf(disk, 'feed.pcapng');
    expect(said.map(({ name, description, resolution }) => ({ name, description, resolution }))).toEqual(
      flows.map((flow, index) => ({ name: `if${index}`, description: flow.name, resolution: '10^-9' })),
    );
    expect(
      said.map(({ received, dropped, osDropped, delivered }) => ({ received, dropped, osDropped, delivered })),
    ).toEqual([
      { received: 1, dropped: 0, osDropped: 0, delivered: 1 },
      { received: 6, dropped: 5, osDropped: 5, delivered: 1 },
      { received: 1, dropped: 0, osDropped: null, delivered: 1 },
    ]);
    expect(recording.files()).toEqual([
      {
        file: 'feed.pcapng',
        packets: 3,
        bytes: disk.bytesOf('feed.pcapng').length,
        firstNs: `${startSeconds}000000000`,
        lastNs: `${startSeconds + 1}000000000`,
        isKept: true,
      },
    ]);
  });

  test('without a packet is a capture all the same', async () => {
    const { recording, disk } = rig();
    await recording.end();
    expect(contents(disk)).toEqual([]);
    expect(interfacesOf(disk, 'feed.pcapng')).toHaveLength(3);
  });

  test('a pcap has no place for interfaces', async () => {
    const { recording, disk, sent, send } = rig({ path: 'feed.pcap', format: 'pcap' });
    send('first', 2);
    send('second', 0);
    await recording.end();
    expect(contents(disk)).toEqual(sent);
  });

  test('is not written over unless it is forced', async () => {
    const disk = new MemoryDisk();
    disk.put('feed.pcapng', 'dear to somebody');
    const refused = rig({}, disk);
    refused.send('lost');
    await refused.recording.end();
    expect(refused.failures.map(({ code, message }) => [code, message])).toEqual([
      ['exists', 'cannot write feed.pcapng: it is there already; name another file, or add --force to write over it'],
    ]);
    expect(Buffer.from(disk.bytesOf('feed.pcapng')).toString()).toBe('dear to somebody');
    const forced = rig({ force: true }, disk);
    forced.send('kept');
    await forced.recording.end();
    expect(contents(disk)).toEqual(forced.sent);
  });

  test('is written in pieces as small as the disk takes, and after a pause where a pipe is full', async () => {
    const disk = new MemoryDisk();
    disk.largestWrite = 7;
    let again = 3;
    disk.refuse = (call) => (call === 'write' && again-- > 0 ? diskError('EAGAIN') : null);
    const { recording, sent, send } = rig({}, disk);
    for (let index = 0; index < 20; index++) send(`packet ${index}`);
    await recording.end();
    expect(contents(disk)).toEqual(sent);
  });

  test('tells of stamps that go back', async () => {
    const { recording, send } = rig();
    for (const [seconds, nanoseconds] of [
      [5, 1],
      [5, 0],
      [5, 0],
      [6, 0],
      [4, 9],
    ] as const) {
      send('x', 0, seconds, nanoseconds);
    }
    await recording.end();
    expect(recording.outOfOrder).toBe(2);
  });
});

describe('rotation', () => {
  test('by size loses and repeats nothing, and keeps to the size', () =>
    fc.assert(
      fc.asyncProperty(feeds, formats, fc.integer({ min: 900, max: 4000 }), async (feed, format, rotateBytes) => {
        const { recording, disk, now, sent, send } = rig({ path: `x/feed.${format}`, format, rotateBytes });
        for (const { payload, interfaceIndex, gapNs } of feed) {
          now.nanoseconds += gapNs;
          now.seconds += Math.floor(now.nanoseconds / 1e9);
          now.nanoseconds %= 1e9;
          send(payload, interfaceIndex);
        }
        await recording.end();
        expect(contents(disk)).toEqual(sent);
        for (const { file, bytes, packets } of recording.files()) {
          expect(disk.bytesOf(file).length).toBe(bytes);
          if (packets > 1) expect(bytes).toBeLessThanOrEqual(rotateBytes);
        }
        expect(recording.fileCount).toBe(disk.files.size);
        if (format === 'pcapng') {
          const delivered = [...disk.files.keys()].flatMap((path) =>
            interfacesOf(disk, path).map((one) => one.delivered),
          );
          expect(delivered.reduce<number>((sum, count) => sum + (count ?? 0), 0)).toBe(sent.length);
        }
      }),
    ));

  test('by time ends files on a grid from the start, and begins one when a packet comes', async () => {
    const { recording, disk, now, drops, send } = rig({ rotateNs: 10e9 });
    now.nanoseconds = 500_000_000;
    for (const [after, payload] of [
      [9, 'a'],
      [10, 'b'],
      [19, 'c'],
      [45, 'd'],
      [50, 'e'],
    ] as const) {
      now.seconds = startSeconds + after;
      if (payload === 'd') drops[0] = 7;
      send(payload);
    }
    await recording.end();
    const payloads = recording
      .files()
      .map(({ file }) => [file, read(disk.bytesOf(file)).datagrams.map((one) => one.payload)]);
    expect(payloads).toEqual([
      ['feed-00001-20260105T143000Z.pcapng', ['a']],
      ['feed-00002-20260105T143010Z.pcapng', ['b', 'c']],
      ['feed-00003-20260105T143045Z.pcapng', ['d']],
      ['feed-00004-20260105T143050Z.pcapng', ['e']],
    ]);
    // What the kernel dropped while no file was open is told by the next one.
    expect(recording.files().map(({ file }) => interfacesOf(disk, file)[0]?.osDropped)).toEqual([0, 7, 0, 0]);
  });

  test('a file whose time is over is completed though nothing comes', async () => {
    const { recording, disk, now, send } = rig({ rotateNs: 10e9 });
    send('a');
    now.seconds += 10;
    recording.tick();
    await recording.settle();
    expect(interfacesOf(disk, 'feed-00001-20260105T143000Z.pcapng')[0]?.delivered).toBe(null);
    now.seconds += 1;
    recording.tick();
    await recording.settle();
    expect(interfacesOf(disk, 'feed-00001-20260105T143000Z.pcapng')[0]?.delivered).toBe(1);
    now.seconds += 30;
    send('b');
    await recording.end();
    expect([...disk.files.keys()].sort()).toEqual([
      'feed-00001-20260105T143000Z.pcapng',
      'feed-00002-20260105T143041Z.pcapng',
    ]);
  });

  test('keeps the latest files, and removes none that another program made or replaced', async () => {
    const disk = new MemoryDisk();
    disk.put('feed-00000-20260105T142000Z.pcapng', 'of an earlier recording');
    const { recording, now, send } = rig({ rotateNs: 1e9, keep: 2 }, disk);
    for (let second = 0; second < 5; second++) {
      now.seconds = startSeconds + second;
      send(`packet ${second}`);
      if (second === 1) {
        await recording.settle();
        disk.put('feed-00001-20260105T143000Z.pcapng', 'replaced');
      }
    }
    await recording.end();
    expect([...disk.files.keys()].sort()).toEqual([
      'feed-00000-20260105T142000Z.pcapng',
      'feed-00001-20260105T143000Z.pcapng',
      'feed-00004-20260105T143003Z.pcapng',
      'feed-00005-20260105T143004Z.pcapng',
    ]);
    expect(recording.files().map(({ isKept }) => isKept)).toEqual([false, false, false, true, true]);
  });

  test('counts what could not be removed', async () => {
    const disk = new MemoryDisk();
    disk.refuse = (call) => (call === 'remove' ? diskError('EACCES') : null);
    const { recording, now, send } = rig({ rotateNs: 1e9, keep: 1 }, disk);
    for (let second = 0; second < 3; second++) {
      now.seconds = startSeconds + second;
      send('x');
    }
    await recording.end();
    expect([recording.notRemoved, disk.files.size, recording.failure]).toEqual([2, 3, null]);
  });
});

describe('a disk slower than the feed', () => {
  test('costs packets only when memory is full; they are counted, and the file tells where they are missing', async () => {
    const disk = new MemoryDisk();
    let open: () => void = () => {};
    disk.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { recording, sent, send } = rig({ memoryBytes: 3 * chunkBytes }, disk);
    const payload = 'x'.repeat(60_000);
    for (let index = 0; index < 100; index++) send(`${index} ${payload}`, index % 2);
    const { missed, written } = recording.counts[0] as { missed: number; written: number };
    expect([missed > 0, written > 20, missed + written]).toEqual([true, true, 50]);
    expect(recording.memory).toEqual({ bytes: 3 * chunkBytes, mostWaitingBytes: 3 * chunkBytes });
    disk.gate = null;
    open();
    await recording.settle();
    send('at last', 0);
    send('here too', 1);
    await recording.end();
    const got = contents(disk);
    const kept = sent.slice(0, got.length - 2);
    expect(got).toEqual([...kept, ...sent.slice(-2)]);
    const all = interfacesOf(disk, 'feed.pcapng');
    expect(all[0]).toMatchObject({ received: 51, dropped: missed, osDropped: 0, delivered: 51 - missed });
    // Each of the two packets behind the hole says how many its interface lost there.
    const reader = new CaptureReader({ onDamage: () => {} });
    reader.push(disk.bytesOf('feed.pcapng'));
    reader.end();
    while (reader.next());
    expect(reader.description?.droppedPackets).toBe(100 - kept.length);
  });
});

describe('a disk that fails', () => {
  /** All of them sent at once, then the end. */
  async function recordOn(disk: MemoryDisk, feed: readonly { payload: string; interfaceIndex: number }[]) {
    const one = rig({}, disk);
    for (const { payload, interfaceIndex } of feed) one.send(payload, interfaceIndex);
    await one.recording.end();
    return one;
  }

  test('full at any byte: what was written is readable up to the last whole packet, and all is accounted for', () =>
    fc.assert(
      fc.asyncProperty(feeds, fc.nat(12_000), async (feed, capacity) => {
        const disk = new MemoryDisk();
        disk.capacity = capacity;
        const roomy = new MemoryDisk();
        await recordOn(roomy, feed);
        const whole = roomy.bytesOf('feed.pcapng');
        const ends = read(whole).datagrams.map(
          ({ fileOffset }) => fileOffset + Buffer.from(whole).readUInt32LE(fileOffset + 4),
        );
        const { recording, sent, failures } = await recordOn(disk, feed);
        const written = recording.counts.reduce((sum, one) => sum + one.written, 0);
        const unwritten = recording.counts.reduce((sum, one) => sum + one.unwritten, 0);
        expect([written, unwritten]).toEqual([
          ends.filter((end) => end <= capacity).length,
          ends.filter((end) => end > capacity).length,
        ]);
        if (whole.length <= capacity) {
          expect(failures).toEqual([]);
          expect(contents(disk)).toEqual(sent);
          return;
        }
        expect(failures.map(({ code, message }) => [code, message])).toEqual([
          ['write', 'cannot write feed.pcapng: the disk is full'],
        ]);
        // A file that has not even its header is not left behind.
        expect(contents(disk)).toEqual(sent.slice(0, written));
        const [file] = recording.files();
        expect(file?.packets).toBe(written);
      }),
    ));

  test('full, with room for statistics left: the file ends with them', async () => {
    const disk = new MemoryDisk();
    const { recording, send, failures } = rig({}, disk);
    const payload = 'y'.repeat(2000);
    await recording.settle();
    disk.capacity = disk.used + 5500;
    for (let index = 0; index < 4; index++) send(payload, 0);
    await recording.end();
    expect(failures).toHaveLength(1);
    expect(contents(disk)).toHaveLength(2);
    expect(interfacesOf(disk, 'feed.pcapng')[0]).toMatchObject({ received: 4, dropped: 2, delivered: 2 });
  });

  test.each([
    ['write', 'EIO', 'cannot write feed.pcapng: EIO: as the system says it'],
    ['close', 'EDQUOT', 'cannot write feed.pcapng: the disk is full'],
  ])('%s failing of %s is told once', async (failing, code, message) => {
    const disk = new MemoryDisk();
    const { recording, sent, send, failures } = rig({}, disk);
    await recording.settle();
    for (let index = 0; index < 5; index++) send(`packet ${index}`);
    recording.tick();
    await recording.settle();
    disk.refuse = (call) => (call === failing ? diskError(code) : null);
    send('after');
    await recording.end();
    expect(failures.map((failure) => failure.message)).toEqual([message]);
    expect(contents(disk)).toEqual(failing === 'close' ? sent : sent.slice(0, 5));
  });

  test('a file that cannot be looked at after it was opened is left as empty as it is', async () => {
    const disk = new MemoryDisk();
    const { recording, now, sent, send, failures } = rig({ rotateNs: 1e9 }, disk);
    send('kept');
    disk.refuse = (call, path) => (call === 'identify' && path.includes('00002') ? diskError('EIO') : null);
    now.seconds++;
    send('lost');
    await recording.end();
    expect(failures).toHaveLength(1);
    expect(read(disk.bytesOf('feed-00001-20260105T143000Z.pcapng')).datagrams.map(asSent)).toEqual(sent.slice(0, 1));
    expect(disk.bytesOf('feed-00002-20260105T143001Z.pcapng')).toHaveLength(0);
  });

  test('more memory than there is is refused', () => {
    expect(() => rig({ memoryBytes: 2 ** 52 })).toThrow(/^there are no \d+ bytes of memory .*ask for less$/);
  });

  test('a folder that is removed meanwhile ends the recording at the next file', async () => {
    const disk = new MemoryDisk();
    const { recording, now, sent, send, failures } = rig({ path: 'gone/feed.pcapng', rotateNs: 1e9 }, disk);
    send('kept');
    disk.refuse = (call, path) => (call === 'open' && path.includes('00002') ? diskError('ENOENT') : null);
    now.seconds++;
    send('lost');
    await recording.end();
    expect(failures.map(({ message }) => message)).toEqual([
      'cannot write gone/feed-00002-20260105T143001Z.pcapng: there is no folder gone; make it with mkdir -p gone',
    ]);
    expect(contents(disk)).toEqual(sent.slice(0, 1));
    expect(recording.counts[0]).toMatchObject({ written: 1, unwritten: 1 });
  });
});
