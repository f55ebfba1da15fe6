/** What parsers report beside messages, and parsers that do their own framing: called here, and held to mutations. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inputSpecOf } from '../../src/analysis/input.js';
import { mappingOf, plainMapping } from '../../src/compare/mapping.js';
import { plainReports, ReportLog, reportSpecOf } from '../../src/compare/reports.js';
import { itch50, mdp3 } from '../../src/index.js';
import { checkHere, checkParser } from '../../src/run/check-capture.js';
import { expectationOf } from '../../src/run/mutations/expectation.js';
import { judgeReports } from '../../src/run/mutations/judge.js';
import { readMutationSource } from '../../src/run/mutations/source.js';
import { writeMutations } from '../../src/run/mutations/write.js';
import type { Emit, PacketContext } from '../../src/run/parser-contract.js';
import { parserSpecFrom } from '../../src/run/parser-spec.js';
import { kindsNamed } from '../../src/sim/mutations/kinds.js';
import { mutate } from '../../src/sim/mutations/mutate.js';
import { fixture, run, temporaryFolder } from '../support/cli.js';

vi.setConfig({ testTimeout: 120_000 });

const folder = temporaryFolder();
const session = inputSpecOf(fixture('itch50-session.pcap'));
const gaps = inputSpecOf(fixture('itch50-gaps.pcap'));

/** Frames MoldUDP64 itself; `bug` is what it does wrong. */
class Framing {
  private next = 0;
  private packets = 0;

  constructor(
    private readonly emit: Emit,
    private readonly bug = '',
  ) {}

  onPacket(view: DataView, offset: number, length: number, context: PacketContext): void {
    this.packets++;
    expect(context.destinationPort).toBe(26_477);
    const number = Number(view.getBigUint64(offset + 10));
    const count = view.getUint16(offset + 18);
    if (this.next > 0 && number > this.next) {
      this.emit({ report: 'gap', sequence: this.next, count: number - this.next });
    }
    let at = offset + 20;
    const messages = count === 0xffff && this.bug !== 'end-of-session' ? 0 : count;
    for (let index = 0; index < messages && at + 2 <= offset + length; index++) {
      const size = view.getUint16(at);
      if (this.bug !== 'last-dropped' || index < count - 1 || this.packets % 1000 !== 0) {
        this.emit({ ...itch50.toObject(view, at + 2, size), sequence: number + index });
      }
      at += 2 + size;
    }
    this.next = Math.max(this.next, number + messages);
  }
}

describe('a parser of datagrams', () => {
  it('passes where it frames as we do, and reports what is missing', async () => {
    const report = await checkHere((emit: Emit) => new Framing(emit), plainMapping, { input: gaps });
    expect([report.verdict, report.message]).toEqual(['pass', '']);
    expect(report.counts).toMatchObject({ left: 3483, right: 3483, same: 3483 });
    expect(report.reports?.gaps.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(0);
  });

  it('is found where it drops the last message of a packet, by order and by number', async () => {
    for (const mapping of [plainMapping, mappingOf({ sequence: 'sequence' }, 'map')]) {
      const report = await checkHere((emit: Emit) => new Framing(emit, 'last-dropped'), mapping, { input: session });
      expect(report.verdict).toBe('differs');
      expect(report.counts).toMatchObject({ missing: 8, extra: 0, changed: 0 });
      expect(report.divergences.first).toMatchObject({ kind: 'missing', place: { packet: 1000 } });
    }
  });

  it('frames MDP 3.0', async () => {
    const onDatagram = (view: DataView, offset: number, length: number) => {
      const found: object[] = [];
      for (let at = offset + 12; at < offset + length; at += view.getUint16(at, true)) {
        found.push(mdp3.toObject(view, at + 2, view.getUint16(at, true) - 2) ?? {});
      }
      return found;
    };
    const input = inputSpecOf(fixture('mdp3-session.pcap'));
    expect(await checkHere({ onDatagram }, plainMapping, { input })).toMatchObject({ verdict: 'pass', message: '' });
  });

  it('goes before a function for messages, and its exceptions are told', async () => {
    const given = {
      onMessage: () => null,
      onPacket: () => {
        throw new Error('of packets');
      },
    };
    const report = await checkHere(given, plainMapping, { input: gaps });
    expect(report.verdict).toBe('crash');
    expect(report.message).toContain('of packets');
  });

  it('has no use for a BinaryFILE', async () => {
    const input = inputSpecOf(fixture('itch50-session.NASDAQ_ITCH50.gz'));
    await expect(checkHere({ onPacket: () => null }, plainMapping, { input })).rejects.toThrow(
      /takes datagrams, and .* is a BinaryFILE, which has none: tickreel convert/,
    );
  });

  it('as a module it goes through mutations of every layer, held to its reports', async () => {
    const module = join(folder, 'framing.mjs');
    const index = new URL('../../dist/index.js', import.meta.url).pathname;
    writeFileSync(
      module,
      `import { itch50 } from ${JSON.stringify(index)};
       export const reports = ['gap'];
       export default (emit) => {
         let next = 0;
         return {
           onPacket(view, offset, length) {
             if (length < 20) return;
             const number = Number(view.getBigUint64(offset + 10));
             const count = view.getUint16(offset + 18);
             if (number >= 2 ** 53) return;
             if (next > 0 && number > next && !process.env.SILENT) emit({ report: 'gap', sequence: next, count: number - next });
             let at = offset + 20;
             let found = 0;
             for (; count !== 0xffff && found < count && at + 2 <= offset + length; found++) {
               const size = view.getUint16(at);
               if (at + 2 + size > offset + length) break;
               emit(size > 0 ? itch50.toObject(view, at + 2, size) : null);
               at += 2 + size;
             }
             if (number > 0) next = Math.max(next, number + found);
           },
         };
       };`,
    );
    const args = ['check', '--parser', module, '--mutations', fixture('itch50-session.pcap'), '--seed', '4'];
    const kinds = [
      '--kind',
      'count-high,packet-missing,heartbeat-ahead,end-of-session,block-length-long,frame-padding',
    ];
    expect(await run([...args, ...kinds])).toMatchObject({ code: 0, stdout: '6 mutations: 6 passed\n' });
    const file = [...args.slice(0, 4), fixture('itch50-session.NASDAQ_ITCH50.gz'), '--kind', 'packet-missing'];
    expect(await run(file)).toMatchObject({ code: 0, stdout: '1 mutation: 1 passed\n' });
    process.env.SILENT = '1';
    const silent = await run([...args, ...kinds]).finally(() => {
      delete process.env.SILENT;
    });
    expect(silent.code).toBe(7);
    expect(silent.stdout).toMatch(
      /packet-missing, expect gap: .*wrong reports: numbers? \d+.* missing, and no gap reported/,
    );
    expect(silent.stdout).toContain('6 mutations: 4 passed, 2 differs');
  });
});

describe('reports', () => {
  it('are no messages, whether somebody asks for them or not', async () => {
    const decode = (view: DataView, offset: number, length: number) => [
      { report: 'reject' },
      itch50.toObject(view, offset, length),
    ];
    const report = await checkHere(decode, plainMapping, { input: gaps });
    expect(report).toMatchObject({ verdict: 'pass', reports: { kinds: [], total: 3483 } });
    expect(report.reports?.rejects[0]).toBe(1);
    const named = Object.assign({ onMessage: decode }, { reports: ['reject'] as const });
    expect((await checkHere(named, plainMapping, { input: gaps })).reports?.kinds).toEqual(['reject']);
  });

  it('go by the names that a YAML file gives', async () => {
    const lines = ['{"event":"GAP","from":"17","n":3}', '{"event":"BAD","nr":9}', '{"event":"else","type":"S"}'];
    const script = `process.stdin.resume().on('end', () => console.log(${JSON.stringify(lines.join('\n'))}))`;
    const reports = {
      kinds: 'gap',
      key: 'event',
      gap: 'GAP',
      reject: 'BAD',
      sequence: 'from',
      count: 'n',
      packet: 'nr',
    };
    const spec = parserSpecFrom({ command: [process.execPath, '-e', script], reports }, 'my.yml', folder);
    const report = await checkParser(spec, { input: gaps });
    expect(report.reports).toEqual({ kinds: ['gap'], gaps: [{ sequence: 17, count: 3 }], rejects: [9], total: 2 });
    expect(report.counts.right).toBe(1);
  });

  it.each([
    [true, ['gap', 'reject']],
    [false, []],
    ['gap', ['gap']],
    [['reject'], ['reject']],
    [{ key: 'x' }, ['gap', 'reject']],
  ])('%j', (given, kinds) => {
    expect(reportSpecOf(given, 'my.yml: reports').kinds).toEqual(kinds);
  });

  it.each([
    ['gaps', 'my.yml: reports: true, or some of gap, reject'],
    [{ kind: 'gap' }, "my.yml: reports: 'kind' is no key here"],
    [7, 'my.yml: reports: wants keys'],
  ])('%j is refused', (given, told) => {
    expect(() => reportSpecOf(given, 'my.yml: reports')).toThrow(told);
  });

  it('are kept up to a bound, and counted beyond', () => {
    const log = new ReportLog(plainReports);
    for (let index = 0; index < 20_000; index++) log.take({ report: 'gap', sequence: index });
    expect(log.all()).toMatchObject({ total: 20_000, gaps: { length: 10_000 } });
  });
});

describe('reports of a case are judged', () => {
  const seeds = [1, 2, 3];

  async function written(kind: string, seed: number) {
    const { packets } = await readMutationSource(fixture('itch50-session.pcap'));
    const mutated = mutate(packets.slice(0, 200), { seed, kinds: kindsNamed([kind]), count: 1 });
    return writeMutations(mutated.packets, 'pcap', () => {});
  }

  it.each(seeds)('a gap: seed %i', async (seed) => {
    const all = await written('packet-missing', seed);
    const [[from, to]] = all.flatMap(({ expected: { gap } }) => (gap === null ? [] : [gap])) as [[number, number]];
    const reports = {
      kinds: ['gap'] as const,
      gaps: [{ sequence: from, count: to - from + 1 }],
      rejects: [],
      total: 1,
    };
    expect(judgeReports(expectationOf(all, null), reports, 'packets')).toEqual([]);
    const none = { ...reports, gaps: [] };
    expect(judgeReports(expectationOf(all, null), none, 'packets')).toEqual([
      expect.stringContaining('missing, and no gap reported'),
    ]);
    expect(judgeReports(expectationOf(all, null), none, 'messages')).toEqual([]);
    expect(judgeReports(expectationOf(all, null), { ...none, kinds: [] }, 'packets')).toEqual([]);
    const long = { ...reports, gaps: [{ sequence: from, count: to - from + 2 }] };
    expect(judgeReports(expectationOf(all, null), long, 'packets')).toEqual([
      expect.stringMatching(/ reported missing, and number \d+ is not$/),
    ]);
  });

  it.each(seeds)('a rejection: seed %i', async (seed) => {
    const all = await written('count-high', seed);
    const number = all.find(({ packet }) => packet.label !== null)?.numbers[0] as number;
    const reports = { kinds: ['reject'] as const, gaps: [], rejects: [number] as (number | null)[], total: 1 };
    expect(judgeReports(expectationOf(all, null), reports, 'packets')).toEqual([]);
    expect(judgeReports(expectationOf(all, null), { ...reports, rejects: [null] }, 'packets')).toEqual([]);
    expect(judgeReports(expectationOf(all, null), { ...reports, rejects: [] }, 'packets')).toEqual([
      `packet ${number} not rejected: count-high`,
    ]);
    expect(judgeReports(expectationOf(all, null), { ...reports, rejects: [number, number + 1] }, 'packets')).toEqual([
      `packet ${number + 1} rejected, which is right`,
    ]);
    // One that tells a wrong checksum and one that passes it are right.
    const checksum = await written('udp-checksum', seed);
    for (const rejects of [[], checksum.find(({ packet }) => packet.label !== null)?.numbers ?? []]) {
      expect(judgeReports(expectationOf(checksum, null), { ...reports, rejects }, 'packets')).toEqual([]);
    }
  });
});
