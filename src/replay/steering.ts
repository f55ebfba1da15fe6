/**
 * Obeys commands while a run is under way: pause, resume, step, seek, another speed.
 *
 * Nothing jumps. A pause moves all that is still to come by as long as it took, a step by as much as it was early, a
 * seek and a change of speed begin at the next datagram; so lateness counts what the sender was late, and never that it
 * was told to wait.
 */
import { UsageError } from '../core/errors.js';
import { formatEpochNs } from '../core/halves.js';
import type { DatagramReader } from '../core/seams.js';
import type { Stamp } from '../core/seek-index.js';
import {
  type Answer,
  type Command,
  type CommandSource,
  type PendingCommand,
  type ReplayStatus,
  type StepGoal,
  stampOf,
} from './command.js';
import { figure, type ReplayControl } from './control.js';
import type { FilterSpec } from './filter.js';
import { formatRate, type Rate } from './rate.js';
import type { EngineResult } from './send-record.js';

/** How often a run was told what, for its report. */
export interface SteeringCounts {
  pauses: number;
  steps: number;
  seeks: number;
  speedChanges: number;
  /** How long it stood still. */
  pausedNs: number;
}

/** Whether a datagram holds what a step looks for. */
export type Matcher = (reader: DatagramReader) => boolean;

export interface SteeringOptions {
  commands: CommandSource;
  /** Whether the run begins paused. */
  isPaused: boolean;
  /** Why the run cannot go to a time, where it cannot. */
  noSeek?: string;
  /** Makes a matcher of a filter, which may take reading; rejects with UsageError where it is none. */
  matcherOf(filter: FilterSpec): Promise<Matcher>;
}

/** The run, as far as it can be steered. */
export interface Steered {
  readonly result: EngineResult;
  readonly control: ReplayControl;
  /** NaN before the first datagram. */
  readonly originNs: number;
  readonly loop: number;
  readonly rate: Rate;
  nowNs(): number;
  /** The stamp of the datagram that is next; null where none is known. */
  here(): Stamp | null;
  /** When what comes next is due; NaN where that is not known. */
  deadlineNs(): number;
  /** Moves the deadline of everything that is to come. */
  move(ns: number): void;
  /** Forgets what was not sent yet and goes there; the datagram found is due at once. */
  seek(target: Stamp): Promise<void>;
  /** At another rate from `atNs` on, when what was waited for stood still if the run is paused. */
  setRate(rate: Rate, atNs: number): void;
}

/** `go`: on with what was waited for. `sought`: that is forgotten, another datagram comes next. */
export type Obeyed = 'go' | 'sought' | 'stopped';

interface Step {
  goal: StepGoal;
  matches: Matcher | null;
  /** Null where the next packet sent reaches it. */
  isReached: boolean;
  readonly pending: PendingCommand;
  readonly packetsBefore: number;
  readonly messagesBefore: number;
}

export class Steering {
  readonly counts: SteeringCounts = { pauses: 0, steps: 0, seeks: 0, speedChanges: 0, pausedNs: 0 };
  private readonly o: SteeringOptions;
  private readonly run: Steered;
  private isPaused: boolean;
  private pausedSinceNs = Number.NaN;
  private step: Step | null = null;
  /** A step that is over and not answered yet. */
  private reached: Step | null = null;

  constructor(options: SteeringOptions, run: Steered) {
    this.o = options;
    this.run = run;
    this.isPaused = options.isPaused;
  }

  /** Whether the run stands still, or sends packets as steps: then `obey` or `take` is asked before each. */
  get isHeld(): boolean {
    return this.isPaused || this.step !== null;
  }

  get isStepping(): boolean {
    return this.step !== null;
  }

  /** Of a step: the datagram at hand is about to be sent, ahead of its time. */
  beforeStep(reader: DatagramReader | null): void {
    const { step, run } = this;
    if (step === null) return;
    const aheadNs = run.deadlineNs() - run.nowNs();
    if (!Number.isNaN(aheadNs)) run.move(-aheadNs);
    if (reader !== null && step.matches?.(reader)) step.isReached = true;
  }

  /** Of a step: datagrams were sent; it may be over. */
  afterSend(): void {
    const { step, run } = this;
    if (step === null) return;
    const { packets, messages } = run.result;
    const { goal } = step;
    const count = goal.kind === 'messages' ? messages - step.messagesBefore : packets - step.packetsBefore;
    if (goal.kind === 'match' ? !step.isReached : count < goal.count) return;
    this.standStill();
    // Answered once the packet after it is at hand.
    this.reached = step;
  }

  /** Obeys what waits, and stays while the run is paused. */
  async obey(): Promise<Obeyed> {
    const { control } = this.run;
    this.answerReached();
    let outcome: Obeyed = 'go';
    for (;;) {
      if (control.stopped) return 'stopped';
      control.heard();
      const pending = this.o.commands.take();
      if (pending === undefined) {
        if (!this.isPaused) return outcome;
        this.beginPause();
        await this.o.commands.arrived();
        continue;
      }
      if ((await this.obeyOne(pending)) === 'sought') outcome = 'sought';
    }
  }

  /** Answers what is left: the run is over. */
  end(): void {
    this.answerReached();
    if (this.step !== null) this.endStep();
    this.endPause();
    for (let pending = this.o.commands.take(); pending !== undefined; pending = this.o.commands.take()) {
      pending.answer({ ok: false, error: 'the run is over' });
    }
  }

  private async obeyOne(pending: PendingCommand): Promise<Obeyed> {
    const { command } = pending;
    try {
      if (command.name === 'step') {
        await this.beginStep(command.goal, pending);
        return 'go';
      }
      const obeyed = await this.carryOut(command);
      pending.answer({ ok: true, command: command.name, status: this.status() });
      return obeyed;
    } catch (error) {
      pending.answer({ ok: false, error: (error as Error).message });
      if (!(error instanceof UsageError)) throw error;
      return 'go';
    }
  }

  private async carryOut(command: Exclude<Command, { name: 'step' }>): Promise<Obeyed> {
    const { run, counts } = this;
    switch (command.name) {
      case 'pause':
        this.pause();
        return 'go';
      case 'resume':
        this.resume();
        return 'go';
      case 'toggle':
        if (this.isPaused) this.resume();
        else this.pause();
        return 'go';
      case 'stop':
        run.control.stop();
        return 'go';
      case 'speed':
        run.setRate(command.rate, Number.isNaN(this.pausedSinceNs) ? run.nowNs() : this.pausedSinceNs);
        counts.speedChanges++;
        return 'go';
      case 'seek': {
        if (this.o.noSeek !== undefined) throw new UsageError('seek', this.o.noSeek);
        const here = run.here();
        if (here === null) throw new UsageError('seek', 'no packet is known yet: ask again once the first one is');
        if (this.step !== null) this.endStep();
        this.endPause();
        await run.seek(stampOf(command.target, here));
        counts.seeks++;
        return 'sought';
      }
      case 'status':
        return 'go';
    }
  }

  private pause(): void {
    if (this.step !== null) this.endStep();
    if (this.isPaused) return;
    this.isPaused = true;
    this.counts.pauses++;
    this.beginPause();
  }

  private resume(): void {
    if (this.step !== null) this.endStep();
    if (!this.isPaused) return;
    this.endPause();
    this.isPaused = false;
  }

  /** What is to come moves along until `endPause`. */
  private beginPause(): void {
    if (!Number.isNaN(this.pausedSinceNs)) return;
    this.pausedSinceNs = this.run.nowNs();
    this.run.control.figures[figure.paused] = 1;
  }

  private endPause(): void {
    if (Number.isNaN(this.pausedSinceNs)) return;
    const pausedNs = this.run.nowNs() - this.pausedSinceNs;
    this.pausedSinceNs = Number.NaN;
    this.run.control.figures[figure.paused] = 0;
    this.counts.pausedNs += pausedNs;
    this.run.move(pausedNs);
  }

  private async beginStep(goal: StepGoal, pending: PendingCommand): Promise<void> {
    if (this.step !== null) this.endStep();
    const matches = goal.kind === 'match' ? await this.o.matcherOf(goal.filter) : null;
    if (!this.isPaused) this.counts.pauses++;
    this.endPause();
    this.isPaused = false;
    this.counts.steps++;
    const { packets, messages } = this.run.result;
    this.step = { goal, matches, isReached: false, pending, packetsBefore: packets, messagesBefore: messages };
  }

  private standStill(): void {
    this.step = null;
    this.isPaused = true;
    this.beginPause();
  }

  private endStep(): void {
    this.reached = this.step;
    this.standStill();
    this.answerReached();
  }

  private answerReached(): void {
    const step = this.reached;
    if (step === null) return;
    this.reached = null;
    const { packets, messages } = this.run.result;
    const sent = { packets: packets - step.packetsBefore, messages: messages - step.messagesBefore };
    step.pending.answer({ ok: true, command: 'step', sent, status: this.status() } satisfies Answer);
  }

  private status(): ReplayStatus {
    const { run, counts } = this;
    const { packets, messages, bytes } = run.result;
    const here = run.here();
    const nowNs = run.nowNs();
    const pausedNs = counts.pausedNs + (Number.isNaN(this.pausedSinceNs) ? 0 : nowNs - this.pausedSinceNs);
    const runNs = Number.isNaN(run.originNs) ? 0 : Math.max(0, nowNs - run.originNs - pausedNs);
    return {
      state: this.step !== null ? 'stepping' : this.isPaused ? 'paused' : 'running',
      timeNs: here === null ? null : formatEpochNs(here.seconds, here.nanoseconds),
      speed: formatRate(run.rate),
      loop: run.loop,
      packets,
      messages,
      bytes,
      playedSeconds: runNs / 1e9,
      pausedSeconds: pausedNs / 1e9,
    };
  }
}
