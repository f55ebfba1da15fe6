import { describe, expect, it } from 'vitest';
import type { AckCounter } from '../../src/io/ack-counter.js';
import { parseSpeed, type Rate } from '../../src/replay/rate.js';
import { type FindLimitOptions, findLimit, type LimitTry, levelOf } from '../../src/run/find-limit.js';
import type { ReplayReport } from '../../src/run/replay-spec.js';

const stepNs = 1e9;
const options: FindLimitOptions = {
  lowest: parseSpeed('1kpps'),
  highest: parseSpeed('1Mpps'),
  factor: 2,
  precision: 0.3,
  mostSteps: 40,
  stepNs,
  tries: 1,
  loss: 0,
  maxLagNs: 400e6,
  withinNs: 60e9,
};

/** A receiver that counts at most so many packets a second, and keeps a queue of so many; in its own second. */
class Receiver implements AckCounter {
  count: number | null = 500;
  failure: string | null = null;
  private due: [atMs: number, count: number][] = [];
  constructor(
    readonly capacity: number,
    readonly queue = 0,
  ) {}

  ask(): void {
    while (this.due[0] !== undefined && this.due[0][0] <= performance.now()) this.count = this.due.shift()?.[1] ?? 0;
  }

  /** Takes what is sent in a step that has just ended. */
  take(packets: number): void {
    const now = Math.min(packets, this.capacity);
    const queued = Math.min(packets - now, this.queue);
    this.count = (this.count ?? 0) + now;
    for (let tenth = 1; tenth <= 10 && queued > 0; tenth++) {
      const done = Math.round((queued * tenth) / 10);
      this.due.push([performance.now() + (1000 * done) / this.capacity, this.count + done]);
    }
  }

  close(): void {}
}

/** Plays in no time: everything was sent in the second that has just gone by. */
function player(receiver: Receiver, sendable = Number.POSITIVE_INFINITY) {
  return async (rate: Rate): Promise<ReplayReport> => {
    const packets = Math.round(Math.min(levelOf(rate), sendable));
    const originNs = String(Math.round((performance.timeOrigin + performance.now()) * 1e6 - stepNs));
    receiver.take(packets);
    return {
      packets,
      seconds: 1,
      originNs,
      sendErrors: {},
      rate: { packetsPerSecond: packets, messagesPerSecond: 0, bitsPerSecond: 0 },
      histograms: {},
    } as unknown as ReplayReport;
  };
}

async function find(receiver: Receiver, given: Partial<FindLimitOptions> = {}, sendable?: number) {
  const tries: LimitTry[] = [];
  const result = await findLimit(
    { ...options, ...given },
    { counter: receiver, play: player(receiver, sendable), onTry: (step) => tries.push(step), stopped: () => false },
  );
  return { result, tries };
}

describe('findLimit', () => {
  it('findsTheKneeOfAReceiverThatLoses', async () => {
    const { result, tries } = await find(new Receiver(5000));
    expect(tries.map(({ askedPerSecond, outcome, lost }) => [askedPerSecond, outcome, lost])).toEqual([
      [1000, 'kept', 0],
      [2000, 'kept', 0],
      [4000, 'kept', 0],
      [8000, 'behind', 3000],
      [5660, 'behind', 660],
      [4760, 'kept', 0],
    ]);
    expect(result).toMatchObject({
      verdict: 'knee',
      unit: 'packets',
      kept: '4.76kpps',
      keptPerSecond: 4760,
      behind: '5.66kpps',
      behindPerSecond: 5660,
      steps: 6,
    });
    expect(tries[0]).toMatchObject({ step: 1, try: 1, asked: '1kpps', packets: 1000, received: 1000 });
  });

  it('takesAReceiverThatQueuesForBehindByItsLag', async () => {
    // At 8 kpps a second's step leaves a queue of 0.6 s.
    const { result, tries } = await find(new Receiver(5000, 100_000), { precision: 1 });
    const last = tries.at(-1);
    expect(last).toMatchObject({ askedPerSecond: 8000, outcome: 'behind', lost: 0, received: 8000 });
    expect(last?.lagNs).toBeGreaterThan(550e6);
    expect(result).toMatchObject({ verdict: 'knee', keptPerSecond: 4000, behindPerSecond: 8000 });
  });

  it('allowsWhatMayBeLost', async () => {
    const { result } = await find(new Receiver(5000), { loss: 0.4, precision: 1 });
    expect(result).toMatchObject({ verdict: 'knee', keptPerSecond: 8000, behindPerSecond: 16_000 });
  });

  it('triesAgainBeforeItBelieves', async () => {
    const { tries } = await find(new Receiver(1500), { tries: 3, precision: 1 });
    expect(tries.map(({ step, try: attempt, outcome }) => [step, attempt, outcome])).toEqual([
      [1, 1, 'kept'],
      [2, 1, 'behind'],
      [2, 2, 'behind'],
      [2, 3, 'behind'],
    ]);
  });

  it('tellsTheSendersLimitFromTheReceivers', async () => {
    const { result, tries } = await find(new Receiver(1e6), {}, 3000);
    expect(tries.at(-1)).toMatchObject({ askedPerSecond: 4000, reachedPerSecond: 3000, outcome: 'sender', lost: 0 });
    expect(result).toMatchObject({ verdict: 'sender', keptPerSecond: 3000, behind: null });
  });

  it('endsWhenItIsToldTo', async () => {
    const receiver = new Receiver(1e6);
    let plays = 0;
    const result = await findLimit(options, {
      counter: receiver,
      play: (rate) => {
        plays++;
        return player(receiver)(rate);
      },
      onTry: () => {},
      stopped: () => plays === 2,
    });
    expect(result).toMatchObject({ verdict: 'interrupted', keptPerSecond: 1000, steps: 1 });
    expect((await find(new Receiver(1e6), { withinNs: 0 })).result).toMatchObject({ verdict: 'time', steps: 1 });
  });

  it('refusesACounterThatEndsOrSaysNothing', async () => {
    const gone = new Receiver(1);
    gone.failure = 'the counter at unix:x closed the connection';
    await expect(find(gone)).rejects.toThrow(/closed the connection: has the receiver ended\?/);
  });

  it('readsTheSendersLimitOfTheCapturesOwnTimingFromItsLateness', async () => {
    const receiver = new Receiver(1e6);
    const result = await findLimit(
      { ...options, lowest: parseSpeed('1x'), highest: parseSpeed('100x') },
      {
        counter: receiver,
        play: async (rate) => ({
          ...(await player(receiver)(rate)),
          histograms: {
            sendLateness: { p50: levelOf(rate) > 4 ? 0.25e9 : 1e3 },
          } as unknown as ReplayReport['histograms'],
        }),
        onTry: () => {},
        stopped: () => false,
      },
    );
    expect(result).toMatchObject({ verdict: 'sender', unit: 'x', kept: '4x', behind: null });
  });
});
