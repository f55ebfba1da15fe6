/**
 * Takes the packets of MDP 3.0, puts the lines of each channel together, and writes what is chosen of them.
 *
 * The unit is the packet, as MsgSeqNum counts it: a channel's packets come out once each, in order, on the flow of its
 * first line. Where messages are left out, packets that remain are numbered from 1, unless numbers are to be kept;
 * where the input's numbers begin anew, so do the written ones. Packets of the TCP form come out as UDP packets. What
 * was held back does not come behind what was captured later (`PacketOrder`).
 */

import { UsageError } from '../core/errors.js';
import type { Flow, Stream } from '../core/seams.js';
import { openCaptureOutput } from '../io/capture-output.js';
import { Mdp3Output } from '../io/mdp3-output.js';
import type { FeedLinesReport } from '../session/line-report.js';
import type { MessageTest } from '../session/mdp3.js';
import { Mdp3PacketAssembler } from '../session/mdp3-bridge.js';
import {
  MDP3_HEADER_LENGTH,
  nanosecondsOf,
  readTimeHigh,
  readTimeLow,
  SENDING_TIME_OFFSET,
  secondsOf,
} from '../session/mdp3-header.js';
import { type LineChannel, Mdp3Lines } from '../session/mdp3-lines.js';
import { isWholeMessage } from '../session/mdp3-messages.js';
import { isSendingTime } from '../session/mdp3-recognise.js';
import { Mdp3Stream } from '../session/mdp3-stream.js';
import { maxGapsReported } from './convert-datagrams.js';
import type { ConvertReport, ConvertSpec } from './convert-spec.js';
import { PacketOrder } from './packet-order.js';
import { FlowMap } from './remap.js';
import type { StampSpan } from './restamp.js';

export interface PacketCopyOptions {
  /** Asked once of each message, in the order of the output, whether to write it; all are where absent. */
  readonly choose?: MessageTest;
  /** What a channel configuration makes of a flow's feed; null where it does not name the flow. */
  readonly keyOf?: (flow: Flow) => string | null;
  /** Names the line of a flow, for a report of lines; without it there is none. */
  readonly nameOf?: (flow: Flow) => string | null;
}

/** What a `PacketCopy` adds to a report; gaps and the rest up to `heldBack` count packets. */
export type PacketCopyReport = Omit<ConvertReport, 'framing' | OutsideKeys> & {
  readonly framing: 'mdp3';
  /** Channels and feed types, each of whatever lines. */
  readonly channels: number;
  /** How often numbers began anew, over all channels. */
  readonly restarts: number;
};

type OutsideKeys =
  | 'input'
  | 'output'
  | 'format'
  | 'first'
  | 'last'
  | 'seconds'
  | 'records'
  | 'truncated'
  | 'tcpPieces'
  | 'otherFlows'
  | 'lines'
  | 'damage'
  | 'damageTotal';

interface Stamp {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly place: number;
}

/** The longest that other packets wait for one of TCP whose end has not come, in capture time. */
const MAX_OPEN_NS = 1_000_000_000;

export class PacketCopy {
  private readonly spec: ConvertSpec;
  private readonly span: StampSpan;
  private readonly lines: Mdp3Lines;
  private readonly assembler: Mdp3PacketAssembler;
  /** Of the packets that are being put together from TCP, by their flow: when their first message came. */
  private readonly stamps = new Map<Flow, Stamp>();
  private readonly flows: FlowMap;
  private readonly udpFlows = new Map<Flow, Flow>();
  private readonly gaps: ConvertReport['gaps'] = [];
  private readonly output: Mdp3Output;
  private readonly order: PacketOrder;
  /** Records so far, and when the one at hand was captured. */
  private place = 0;
  private seconds = 0;
  private nanoseconds = 0;

  constructor(spec: ConvertSpec, span: StampSpan, options: PacketCopyOptions = {}) {
    if (spec.format === 'binaryfile') {
      throw new UsageError('binaryfile', 'a BinaryFILE has no room for packets of MDP 3.0: write a pcap or pcapng');
    }
    refuseFraming(spec);
    const { choose, keyOf, nameOf } = options;
    this.spec = spec;
    this.span = span;
    this.output = outputOf(spec, choose);
    this.flows = new FlowMap(spec.remapSources, spec.remapDestinations);
    this.order = new PacketOrder(
      (view, offset, length, seconds, nanoseconds, channel, isAnew) =>
        this.put(view, offset, length, seconds, nanoseconds, channel, isAnew),
      () => this.heldPlace(),
    );
    this.lines = new Mdp3Lines(
      {
        onPacket: (view, offset, length, seconds, nanoseconds, _sequence, channel, place) =>
          this.order.packet(view, offset, length, seconds, nanoseconds, channel, place),
        onGap: (from, to, { flow }) => {
          if (this.gaps.length >= maxGapsReported) return;
          const destination = `${flow.destination}:${flow.destinationPort}`;
          this.gaps.push({ from, to, count: to - from + 1, session: null, destination });
        },
        onRestart: (channel) => this.order.restart(channel),
      },
      { ...(keyOf === undefined ? {} : { keyOf }), ...(nameOf === undefined ? {} : { compare: { nameOf } }) },
    );
    this.assembler = new Mdp3PacketAssembler((view, length, _messages, flow) => {
      const { seconds, nanoseconds, place } = this.stamps.get(flow) as Stamp;
      this.lines.packet(view, 0, length, seconds, nanoseconds, flow, place);
      this.stamps.delete(flow);
    });
  }

  /** Takes a datagram of a flow that is MDP 3.0; one without a header or any whole message is left out. */
  take(view: DataView, offset: number, length: number, seconds: number, nanoseconds: number, flow: Flow): void {
    const first = offset + MDP3_HEADER_LENGTH;
    const end = offset + length;
    if (first > end || (first < end && !isWholeMessage(view, first, end))) return;
    this.noteRecord(seconds, nanoseconds);
    this.lines.packet(view, offset, length, seconds, nanoseconds, flow, this.place);
    this.order.advance();
  }

  /** Takes a message of the TCP form, of this flow; its packet is complete with the first message of another. */
  takeMessage(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    stream: Stream,
    flow: Flow,
  ): void {
    if (!(stream instanceof Mdp3Stream)) return;
    this.noteRecord(seconds, nanoseconds);
    this.assembler.message(view, offset, length, sequence, stream, flow);
    const { place } = this;
    if (this.assembler.messagesOf(stream, flow) === 1) this.stamps.set(flow, { seconds, nanoseconds, place });
    this.order.advance();
  }

  /** Takes a header of the TCP form that had no messages; `sequence` 0 or less where it has no number. */
  takeHeartbeat(seconds: number, nanoseconds: number, sequence: number, stream: Stream, flow: Flow): void {
    if (!(stream instanceof Mdp3Stream)) return;
    this.noteRecord(seconds, nanoseconds);
    this.assembler.endPiece(flow, 0);
    this.stamps.set(flow, { seconds, nanoseconds, place: this.place });
    this.assembler.heartbeat(Math.max(0, sequence), stream, flow);
    this.order.advance();
  }

  /** Puts out what was held back. */
  finish(): void {
    this.assembler.finish();
    this.lines.flush();
    this.order.end();
  }

  close(): void {
    this.output.close();
  }

  /** The channels that came on several lines. */
  feeds(): FeedLinesReport[] {
    return this.lines.feeds();
  }

  report(): PacketCopyReport {
    const { channels, unsequenced, gaps, missing, duplicates, late, heldBack, restarts } = this.lines.report();
    const { counts, filtered } = this.output;
    return {
      framing: 'mdp3',
      session: null,
      messages: counts.messages,
      packets: counts.packets,
      bytes: counts.bytes,
      filtered,
      unsequenced,
      otherSessions: [],
      gaps: this.gaps,
      gapsTotal: gaps,
      missing,
      duplicates,
      late,
      heldBack,
      tooLong: counts.tooLong,
      zeroLength: 0,
      clampedTimestamps: counts.clampedTimestamps,
      connections: 0,
      channels,
      restarts,
    };
  }

  private noteRecord(seconds: number, nanoseconds: number): void {
    this.place++;
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
  }

  /** The lowest place of what is held back: by the lines, or since its end has not come. */
  private heldPlace(): number {
    let least = this.lines.heldPlace;
    for (const { seconds, nanoseconds, place } of this.stamps.values()) {
      const waited = (this.seconds - seconds) * 1e9 + (this.nanoseconds - nanoseconds);
      if (place < least && waited <= MAX_OPEN_NS) least = place;
    }
    return least;
  }

  private put(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    channel: LineChannel,
    isAnew: boolean,
  ): void {
    const { span, spec } = this;
    if (isAnew) this.output.restart(this.outputFlow(channel.flow));
    if (!this.output.prepare(view, offset, length)) return;
    const time = offset + SENDING_TIME_OFFSET;
    if (spec.restamp.exchange && isSendingTime(view, time)) {
      const [high, low] = [readTimeHigh(view, time), readTimeLow(view, time)];
      span.apply(secondsOf(high, low), nanosecondsOf(high, low), -1);
    } else span.apply(seconds, nanoseconds, -1);
    this.output.put(this.outputFlow(channel.flow), span.stampSeconds, span.stampNanoseconds);
  }

  /** The flow that packets are written on. */
  private outputFlow(flow: Flow): Flow {
    const to = this.flows.get(flow);
    if (to.transport === 'UDP') return to;
    let udp = this.udpFlows.get(to);
    if (udp === undefined) {
      udp = { ...to, transport: 'UDP' };
      this.udpFlows.set(to, udp);
    }
    return udp;
  }
}

/** Packets of MDP 3.0 stay packets: nothing of other framings applies to them. */
function refuseFraming({ framing, mtu, pack, sessionName }: ConvertSpec): void {
  if (framing !== null && framing !== 'mdp3') {
    const text = `messages of MDP 3.0 cannot be framed in ${framing}: leave --framing out, or write --framing mdp3`;
    throw new UsageError('framing', text);
  }
  const given = Object.entries({ mtu, pack, 'session-name': sessionName }).find(([, value]) => value !== null);
  if (given === undefined) return;
  throw new UsageError('framing', `--${given[0]} is of other framings: packets of MDP 3.0 stay as they are`);
}

function outputOf(spec: ConvertSpec, choose: MessageTest | undefined): Mdp3Output {
  const keepsNumbers = spec.resequence === null && (spec.keepSequence || choose === undefined);
  const format = spec.format === 'pcapng' ? 'pcapng' : 'pcap';
  const capture = { path: spec.output, format, inputPaths: spec.input.paths } as const;
  return new Mdp3Output(() => openCaptureOutput(capture), {
    ...(choose === undefined ? {} : { choose }),
    ...(keepsNumbers ? {} : { firstSequence: spec.resequence ?? 1 }),
  });
}
