/** Commands while a run is under way, on a virtual clock: what is sent, when, and what it counts as late. */
import { beforeAll, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/core/clock.js';
import { initHistograms } from '../../src/core/histogram.js';
import type { Clock, DatagramReader, StagingSink } from '../../src/core/seams.js';
import type { Waiter } from '../../src/core/waiter.js';
import { type Answer, type CommandSource, type PendingCommand, parseCommand } from '../../src/replay/command.js';
import { ReplayControl } from '../../src/replay/control.js';
import type { ScheduledSource } from '../../src/replay/scheduled-reader.js';
import type { Matcher } from '../../src/replay/steering.js';
import { datagramsAt, FakeSource, hex, LogSink, payloadOf, play, type RigOptions, type RigRun } from './rig.js';

const ms = 1e6;
const us = 1e3;
const second = 1e9;

type Script = readonly (readonly [atNs: number, text: string])[];

/** Commands that come in when the run's clock reaches their time, whatever it waits with. */
class ScriptedCommands implements CommandSource, Waiter {
  nowNs = 0;
  readonly control = new ReplayControl();
  readonly answers: Answer[] = [];
  private readonly queue: PendingCommand[] = [];
  private next = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly script: Script,
  ) {}

  take(): PendingCommand | undefined {
    return this.queue.shift();
  }

  async arrived(): Promise<void> {
    const [atNs] = this.script[this.next] ?? [];
    if (atNs === undefined) this.control.stop();
    else this.clock.advanceTo(Math.max(atNs, this.clock.nowNs()));
    this.deliver();
  }

  waitUntil(deadlineNs: number, _clock: Clock): boolean {
    if (this.control.isInterrupted) return false;
    if (this.advanceTo(deadlineNs)) return false;
    this.nowNs = this.clock.nowNs();
    return true;
  }

  rest(ns: number): void {
    this.advanceTo(this.clock.nowNs() + ns);
  }

  /** Whether a command came in on the way. */
  private advanceTo(deadlineNs: number): boolean {
    const [atNs] = this.script[this.next] ?? [];
    if (atNs === undefined || atNs > deadlineNs) {
      this.clock.advanceTo(deadlineNs);
      return false;
    }
    this.clock.advanceTo(Math.max(atNs, this.clock.nowNs()));
    this.deliver();
    return true;
  }

  private deliver(): void {
    for (; this.next < this.script.length; this.next++) {
      const [atNs, text] = this.script[this.next] as Script[number];
      if (atNs > this.clock.nowNs()) break;
      this.queue.push({ command: parseCommand(text), answer: (answer) => this.answers.push(answer) });
    }
    this.control.ring();
  }
}

/** Sends what is staged in one call, as the batching sockets do. */
class BatchSink extends LogSink implements StagingSink {
  readonly room = 8;
  private staged: (() => void)[] = [];

  stage(view: DataView, offset: number, length: number, scheduledNs: number): void {
    const copy = new DataView(view.buffer.slice(view.byteOffset + offset, view.byteOffset + offset + length));
    this.staged.push(() => super.send(copy, 0, length, scheduledNs));
  }

  override send(view: DataView, offset: number, length: number, scheduledNs: number): void {
    this.stage(view, offset, length, scheduledNs);
    this.flush();
  }

  flush(): void {
    for (const send of this.staged) send();
    this.staged = [];
  }

  discard(): void {
    this.staged = [];
  }
}

interface Steered extends RigRun {
  commands: ScriptedCommands;
  sink: LogSink;
  answers: Answer[];
}

interface Options extends RigOptions {
  isPaused?: boolean;
  stages?: boolean;
  matcherOf?: () => Promise<Matcher>;
}

async function steer(timesNs: readonly number[], script: Script, options: Options = {}): Promise<Steered> {
  const { isPaused = false, stages = false, matcherOf, ...rest } = options;
  const clock = new VirtualClock();
  const commands = new ScriptedCommands(clock, script);
  let sink = new LogSink(clock);
  const run = await play(
    new FakeSource(datagramsAt(timesNs)),
    () => {
      sink = stages ? new BatchSink(clock) : new LogSink(clock);
      return sink;
    },
    {
      clock,
      waiter: commands,
      control: commands.control,
      rest: async (ns) => commands.rest(ns),
      steering: { commands, isPaused, matcherOf: matcherOf ?? (async () => () => false) },
      ...rest,
    },
  );
  return { ...run, commands, sink, answers: commands.answers };
}

const sentMs = ({ sink }: Steered): number[] => sink.timesNs.map((ns) => ns / ms);
const everyTenMs = Array.from({ length: 10 }, (_, index) => index * 10 * ms);
const states = ({ answers }: Steered) => answers.map((answer) => (answer.ok ? answer.status.state : answer.error));

beforeAll(() => initHistograms());

describe.each([
  ['a sink that sends one by one', false],
  ['a sink that stages', true],
])('%s', (_name, stages) => {
  test('a pause moves all that is to come by as long as it took, and none of it is late', async () => {
    const run = await steer(
      everyTenMs,
      [
        [25 * ms, 'pause'],
        [1025 * ms, 'resume'],
      ],
      { stages },
    );
    expect(sentMs(run)).toEqual([0, 10, 20, ...[30, 40, 50, 60, 70, 80, 90].map((at) => at + 1000)]);
    expect(run.result.late).toEqual({ count: 0, maxNs: 0 });
    expect(run.recorder.summaries().sendLateness).toMatchObject({ max: 0, count: 10 });
    expect(run.result.steering).toEqual({ pauses: 1, steps: 0, seeks: 0, speedChanges: 0, pausedNs: second });
    expect(run.recorder.summaries().gapError).toMatchObject({ max: 0, min: 0 });
  });

  test('short pauses, in spins, in rests and one upon the other, add up', async () => {
    const script: Script = [
      [1 * ms, 'pause'],
      [2 * ms, 'resume'],
      [2 * ms, 'toggle'],
      [2 * ms + 7, 'toggle'],
      [10.5 * ms, 'pause'],
      [10.5 * ms, 'pause'],
      [10.6 * ms, 'resume'],
      [10.6 * ms, 'resume'],
    ];
    const run = await steer([0, 10 * ms, 20 * ms], script, { stages });
    expect(run.sink.timesNs).toEqual([0, 11.1 * ms + 7, 21.1 * ms + 7]);
    expect(run.result.steering).toMatchObject({ pauses: 3, pausedNs: 1.1 * ms + 7 });
  });

  test('what was late before a pause is as late after it, and no later', async () => {
    const run = await steer(
      [0, 10 * ms, 20 * ms, 30 * ms],
      [
        [12 * ms, 'pause'],
        [512 * ms, 'resume'],
      ],
      {
        stages,
        latePolicy: 'catch-up',
      },
    );
    expect(sentMs(run)).toEqual([0, 10, 520, 530]);
    expect(run.result.late.count).toBe(0);
  });

  test("begun paused: nothing is sent before resume, and then at the capture's own pace", async () => {
    const run = await steer(
      everyTenMs,
      [
        [300 * ms, 'status'],
        [400 * ms, 'resume'],
      ],
      { isPaused: true, stages },
    );
    expect(sentMs(run)).toEqual(everyTenMs.map((ns) => 400 + ns / ms));
    expect(states(run)).toEqual(['paused', 'running']);
    expect(run.answers[0]).toMatchObject({
      status: { timeNs: '1692711000000000000', packets: 0, speed: '1x', loop: 1, pausedSeconds: 0.3, playedSeconds: 0 },
    });
  });

  test('steps send at once, then it goes on with the gap that was to come', async () => {
    const script: Script = [
      [5 * ms, 'pause'],
      [100 * ms, 'step'],
      [200 * ms, 'step 2'],
      [300 * ms, 'resume'],
    ];
    const run = await steer(everyTenMs, script, { stages });
    const single = [0, 100, 200, 200, 310, 320, 330, 340, 350, 360];
    expect(sentMs(run)).toEqual(single);
    expect(run.result.late).toEqual({ count: 0, maxNs: 0 });
    expect(run.answers[1]).toMatchObject({
      ok: true,
      command: 'step',
      sent: { packets: 1 },
      status: { state: 'paused' },
    });
    expect(run.answers[2]).toMatchObject({ sent: { packets: 2 }, status: { packets: 4 } });
    expect(run.result.steering).toMatchObject({ pauses: 1, steps: 2 });
  });

  test('a step of a run that plays pauses it first; the end of the capture ends a step', async () => {
    const run = await steer([0, 10 * ms, 20 * ms], [[5 * ms, 'step 100']], { stages });
    expect(sentMs(run)).toEqual([0, 5, 5]);
    expect(run.answers).toMatchObject([{ command: 'step', sent: { packets: 2 } }]);
  });

  test('messages are counted in whole packets', async () => {
    // Packets of 1, 2, 3, 1, … messages.
    const run = await steer(
      everyTenMs,
      [
        [5 * ms, 'step message 4'],
        [50 * ms, 'stop'],
      ],
      { stages },
    );
    expect(run.answers[0]).toMatchObject({ sent: { packets: 2, messages: 5 } });
    expect(sentMs(run)).toEqual([0, 5, 5]);
    expect(run.result.endReason).toBe('stopped');
  });

  test('a step goes up to the packet that holds what is looked for', async () => {
    const wanted = Buffer.from(payloadOf(6)).toString('hex');
    const matches: Matcher = ({ view, offset, length }: DatagramReader) => hex(view, offset, length) === wanted;
    const run = await steer(
      everyTenMs,
      [
        [5 * ms, 'pause'],
        [6 * ms, 'step trade'],
        [7 * ms, 'stop'],
      ],
      {
        stages,
        matcherOf: async () => matches,
      },
    );
    expect(run.sink.sent.at(-1)?.bytes).toBe(wanted);
    expect(run.answers[1]).toMatchObject({ sent: { packets: 6 } });
  });

  test('a pause ends a step that is under way', async () => {
    const clockStops: Script = [
      [5 * ms, 'step trade'],
      [5 * ms, 'pause'],
      [90 * ms, 'status'],
      [91 * ms, 'stop'],
    ];
    const run = await steer(everyTenMs, clockStops, { stages });
    expect(run.answers.map((answer) => answer.ok && answer.command)).toEqual(['step', 'pause', 'status', 'stop']);
    expect(sentMs(run)).toEqual([0]);
  });

  test('a seek plays the first datagram there at once and goes on from it', async () => {
    const script: Script = [
      [15 * ms, 'seek +45ms'],
      [26 * ms, 'seek start'],
      [37 * ms, 'seek -10ms'],
    ];
    const run = await steer(everyTenMs, script, { stages });
    // At 15 ms the next is that of 20 ms, so +45ms finds 70; of 26 ms the start; of 37 ms, when 20 is next, 10.
    expect(sentMs(run)).toEqual([0, 10, 15, 25, 26, 36, 37, 47, 57, 67, 77, 87, 97, 107, 117]);
    expect(run.sink.sent.map(({ bytes }) => index(bytes))).toEqual([0, 1, 7, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(run.result).toMatchObject({ late: { count: 0 }, steering: { seeks: 3, pausedNs: 0 } });
    expect(run.answers.map((answer) => answer.ok && answer.status.timeNs)).toEqual([
      '1692711000070000000',
      '1692711000000000000',
      '1692711000010000000',
    ]);
  });

  test('a seek while paused stays paused there; time that it stood still is counted once', async () => {
    const script: Script = [
      [15 * ms, 'pause'],
      [100 * ms, 'seek 2023-08-22T13:30:00.080Z'],
      [200 * ms, 'step'],
      [300 * ms, 'resume'],
    ];
    const run = await steer(everyTenMs, script, { stages });
    expect(sentMs(run)).toEqual([0, 10, 200, 310]);
    expect(run.result.steering).toMatchObject({ pausedNs: 285 * ms, seeks: 1, steps: 1 });
    expect(run.result.late.count).toBe(0);
  });

  test('a seek behind the end plays nothing more', async () => {
    const run = await steer(everyTenMs, [[15 * ms, 'seek +1h']], { stages });
    expect(sentMs(run)).toEqual([0, 10]);
    expect(run.result.endReason).toBe('end');
  });

  test('in a later loop, and loops after it', async () => {
    const run = await steer([0, 10 * ms, 20 * ms], [[35 * ms, 'seek start']], { stages, loops: 3 });
    expect(run.sink.sent.map(({ bytes }) => index(bytes))).toEqual([0, 1, 2, 0, 1, 0, 1, 2, 0, 1, 2]);
    expect(sentMs(run)).toEqual([0, 10, 20, 20, 30, 35, 45, 55, 55, 65, 75]);
    expect(run.result.loops).toBe(3);
  });

  test('another speed: the wait under way is scaled, and nothing jumps', async () => {
    const script: Script = [
      [15 * ms, 'speed 10x'],
      [15.6 * ms, 'speed 0.5x'],
    ];
    const run = await steer([0, 10 * ms, 20 * ms, 30 * ms, 40 * ms], script, { stages });
    // 5 ms to go at 15 ms become 0.5; of the 1 ms to the next, 0.9 are left at 15.6 ms and become 18.
    expect(run.sink.timesNs).toEqual([0, 10 * ms, 15.5 * ms, 33.6 * ms, 53.6 * ms]);
    expect(run.result).toMatchObject({ late: { count: 0 }, steering: { speedChanges: 2 } });
  });

  test("from the capture's pace to a rate, to as fast as it goes, and back", async () => {
    const script: Script = [
      [15 * ms, 'speed 100pps'],
      [30 * ms, 'speed 1x'],
    ];
    const run = await steer(everyTenMs, script, { stages });
    expect(sentMs(run)).toEqual([0, 10, 15, 25, 30, 40, 50, 60, 70, 80]);
    expect(run.result.late.count).toBe(0);
  });

  test('another speed while paused begins where it stood still', async () => {
    const script: Script = [
      [14 * ms, 'pause'],
      [100 * ms, 'speed 2x'],
      [200 * ms, 'resume'],
    ];
    const run = await steer([0, 10 * ms, 20 * ms, 40 * ms], script, { stages });
    expect(run.sink.timesNs).toEqual([0, 10 * ms, 203 * ms, 213 * ms]);
  });

  test('the time that a run stood still is not of its duration', async () => {
    const run = await steer(
      everyTenMs,
      [
        [15 * ms, 'pause'],
        [1015 * ms, 'resume'],
      ],
      { stages, durationNs: 35 * ms },
    );
    expect(sentMs(run)).toEqual([0, 10, 1020, 1030]);
    expect(run.result.endReason).toBe('duration');
  });

  test('a stop while paused ends the run', async () => {
    const run = await steer(
      everyTenMs,
      [
        [15 * ms, 'pause'],
        [25 * ms, 'stop'],
      ],
      { stages },
    );
    expect(sentMs(run)).toEqual([0, 10]);
    expect(run.result).toMatchObject({ endReason: 'stopped', steering: { pausedNs: 10 * ms } });
  });
});

test('unpaced: commands are heard between packets, and a rate begins at once', async () => {
  const clock = new VirtualClock();
  const commands = new ScriptedCommands(clock, [[40 * us, 'speed 1000pps']]);
  const sink = new LogSink(clock);
  let sends = 0;
  const slow = {
    send: (view: DataView, offset: number, length: number, scheduledNs: number) => {
      sink.send(view, offset, length, scheduledNs);
      clock.advance(10 * us);
      if (++sends === 4) void commands.arrived();
    },
  };
  const run = await play(new FakeSource(datagramsAt(everyTenMs)), slow, {
    clock,
    waiter: commands,
    control: commands.control,
    speed: 'max',
    steering: { commands, isPaused: false, matcherOf: async () => () => false },
  });
  expect(sink.timesNs.map((ns) => ns / us)).toEqual([0, 10, 20, 30, 40, 1040, 2040, 3040, 4040, 5040]);
  expect(run.result.late.count).toBe(0);
});

test('what cannot be done is answered, and the run goes on', async () => {
  const run = await steer(
    everyTenMs,
    [
      [15 * ms, 'speed 2x'],
      [25 * ms, 'seek +10ms'],
    ],
    {
      faults: delegate,
    },
  );
  expect(run.answers[1]).toEqual({ ok: false, error: expect.stringMatching(/a run with faults cannot seek/) });
  expect(run.sink.sent).toHaveLength(10);
});

/** A source in front of another that shows what that has, and cannot be begun anew. */
function delegate(inner: ScheduledSource): ScheduledSource {
  return new Proxy(inner, { get: (target, name) => (name === 'seek' ? undefined : bound(target, name)) });
}

function bound(target: object, name: string | symbol): unknown {
  const value = Reflect.get(target, name);
  return typeof value === 'function' ? value.bind(target) : value;
}

function index(bytes: string): number {
  return Array.from({ length: 10 }, (_, at) => at).findIndex(
    (at) => Buffer.from(payloadOf(at)).toString('hex') === bytes,
  );
}
