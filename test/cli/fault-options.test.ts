/** Which flags about faults and lines go together, and which faults with which target. */
import { describe, expect, it } from 'vitest';
import { openProtocols } from '../../src/analysis/definitions.js';
import { inputSpecOf } from '../../src/analysis/input.js';
import { parseLineEndpoint } from '../../src/analysis/line-names.js';
import { type FaultFlags, faultSpec, madeLineOf, refuseIdleLines } from '../../src/cli/fault-options.js';
import { noFilter } from '../../src/replay/filter.js';
import { faultSpecOf } from '../../src/run/fault-plan.js';
import { openReplayFaults } from '../../src/run/replay-faults.js';
import { type ReplaySpec, replayDefaults } from '../../src/run/replay-spec.js';
import { parseTarget, parseUdpTarget } from '../../src/run/target.js';
import { fixture } from '../support/cli.js';

const a = parseLineEndpoint('1.2.3.4:5');
const made = parseUdpTarget('udp://127.0.0.1:9');

describe('flags', () => {
  it('without a fault ask for nothing', async () => {
    expect(await faultSpec({})).toBeNull();
    expect(madeLineOf({ lineB: [a] })).toBeNull();
    expect(madeLineOf({ lineB: [made] })).toBe(made);
  });

  it('become a spec', async () => {
    const spec = await faultSpec({
      fault: ['loss 1%', 'dup 1%; delay 1us'],
      faultSeed: 'x',
      lineB: [a],
      faultLog: 'log',
    });
    expect(spec).toMatchObject({ plan: { seed: 'x' }, logPath: 'log', replayPath: null, lines: { a: [], b: [a] } });
    expect(spec?.plan.faults.map(({ text }) => text)).toEqual(['loss 1%', 'dup 1%', 'delay 1us']);
    expect((await faultSpec({ faultReplay: 'log' }))?.plan.faults).toEqual([]);
  });

  it.each<[FaultFlags, string]>([
    [{ fault: ['loss'] }, '--fault: "loss": does not say which packets'],
    [{ faultScript: 'missing.yaml' }, 'missing.yaml'],
    [{ fault: ['delay histogram missing.hgrm'] }, 'missing.hgrm'],
    [{ faultLog: 'x' }, '--fault-log goes with --fault or --fault-script'],
    [{ faultSeed: 4 }, '--fault-seed goes with --fault'],
    [{ lineA: [a], lineB: [a], fault: ['loss 1%'] }, '1.2.3.4:5 cannot be line A and line B'],
    [{ lineA: [parseLineEndpoint('1.2.3.4:5@lo')], fault: ['loss 1%'] }, 'only sockets have an interface'],
    [{ fault: ['loss 1%'], faultReplay: 'x' }, '--fault-replay takes its faults from a log'],
    [{ faultReplay: 'x', faultSeed: 1 }, '--fault-replay draws nothing'],
  ])('that do not go together are refused: %j', async (flags, message) => {
    await expect(faultSpec(flags)).rejects.toThrow(message);
  });

  it('of lines go with faults', () => {
    expect(() => refuseIdleLines({ lineA: [a] })).toThrow(
      '--line-a and --line-b say whose faults are whose: add --fault',
    );
    expect(() => refuseIdleLines({ lineB: [a] })).toThrow('add --fault');
    for (const flags of [{}, { lineB: [made] }, { lineA: [a], fault: ['loss 1%'] }, { lineA: [a], faultReplay: 'x' }]) {
      refuseIdleLines(flags);
    }
  });

  it('make one line B, of everything', () => {
    expect(() => madeLineOf({ lineB: [made, made] })).toThrow('one line B can be made');
    expect(() => madeLineOf({ lineB: [made, a] })).toThrow('makes line B of all that is played');
    expect(() => madeLineOf({ lineB: [made], lineA: [a] })).toThrow('makes line B of all that is played');
  });
});

describe('a replay', () => {
  const input = inputSpecOf(fixture('itch50-session.pcap'));
  const specOf = (to: string, more: Partial<ReplaySpec> = {}): ReplaySpec => ({
    ...replayDefaults,
    filter: noFilter,
    input,
    target: parseTarget(to, more.keepDestinations),
    ...more,
  });
  const open = async (spec: ReplaySpec) => openReplayFaults(spec, await openProtocols(input, () => {}));

  it('has no faults unless asked', async () => {
    expect(await open(specOf('null'))).toBeNull();
    expect((await open(specOf('null', { lineB: made })))?.report()).toMatchObject({ faults: [], lines: [] });
  });

  it.each(['inproc', 'inproc:ring', 'soupbintcp://127.0.0.1:0'])('into %s has no line B', async (to) => {
    await expect(open(specOf(to, { lineB: made }))).rejects.toThrow('a line B is made of datagrams');
  });

  it.each(['delay 1ms', 'jitter 1ms', 'rate 1kpps', 'reorder 1ms 1%', 'dup after 1us 1%'])(
    'without a schedule refuses "%s"',
    async (text) => {
      const faults = await faultSpecOf({ texts: [text] });
      const max = { rate: { mode: 'max' }, faults } as const;
      await expect(open(specOf('udp://127.0.0.1:9', max))).rejects.toThrow(`"${text}" needs a schedule`);
      expect(await open(specOf('pcap:x.pcap', max))).not.toBeNull();
      expect(await open(specOf('udp://127.0.0.1:9', { faults }))).not.toBeNull();
    },
  );

  it('writes stale checksums only in frames of its own', async () => {
    const faults = await faultSpecOf({ texts: ['corrupt stale 1%'] });
    await expect(open(specOf('udp://127.0.0.1:9', { faults }))).rejects.toThrow('a stale checksum is one of a frame');
    expect(await open(specOf('pcap:x.pcap', { faults }))).not.toBeNull();
  });

  it('needs an address for line B', async () => {
    const lineB = parseUdpTarget('udp://?ttl=1', true);
    await expect(open(specOf('null', { lineB }))).rejects.toThrow('--line-b udp:// needs a host and a port');
  });
});
