/** Takes the messages of one session, in order and filtered, and frames them anew. */
import { itch50Landmarks } from '../analysis/landmarks.js';
import type { MessageFeed } from '../analysis/message-feed.js';
import type { Protocols } from '../analysis/protocols.js';
import type { CopiedPart } from '../analysis/threads/part.js';
import { UsageError } from '../core/errors.js';
import type { Flow, Stream } from '../core/seams.js';
import {
  type CountingOutput,
  defaultFlow,
  type MessageOutputSpec,
  type OutputFraming,
  openMessageOutput,
} from '../io/message-output.js';
import { itch50 } from '../protocol/itch50/index.js';
import { MessageFilter } from '../replay/filter.js';
import { Arbiter } from '../session/arbiter.js';
import type { MergedReport } from '../session/line-report.js';
import { MergedCounts } from '../session/merged-counts.js';
import { maxGapsReported } from './convert-datagrams.js';
import type { ConvertFraming, ConvertReport, ConvertSpec } from './convert-spec.js';
import { FlowMap } from './remap.js';
import type { StampSpan } from './restamp.js';

export class MessageCopy {
  private readonly spec: ConvertSpec;
  private readonly span: StampSpan;
  private readonly filter: MessageFilter;
  private readonly arbiter: Arbiter;
  private readonly counts = new MergedCounts();
  private readonly keepsNumbers: boolean;
  private readonly gaps: ConvertReport['gaps'] = [];
  private filtered = 0;
  private unsequenced = 0;
  /** The session of the first message is the one; of streams without a name, that stream alone. */
  private first: Stream | null = null;
  session: string | null = null;
  private readonly others = new Map<string | null, number>();
  /** Made with the first message that passes. */
  private output: CountingOutput | null = null;

  constructor(spec: ConvertSpec, span: StampSpan, protocols: Protocols) {
    this.spec = spec;
    this.span = span;
    this.filter = messageFilterOf(spec, protocols);
    this.keepsNumbers = spec.resequence === null && (spec.keepSequence || !this.filter.readsMessages);
    this.arbiter = new Arbiter({
      onMessage: (view, offset, length, seconds, nanoseconds, sequence) =>
        this.put(view, offset, length, seconds, nanoseconds, sequence),
      onGap: (from, to) => {
        const gap = { from, to, count: to - from + 1 };
        this.counts.list(gap);
        if (this.gaps.length < maxGapsReported) this.gaps.push({ ...gap, session: this.session });
      },
    });
  }

  /** Shows the filter a message before the window. */
  learn(view: DataView, offset: number, length: number, stream: Stream): void {
    if (stream.isUnsequenced !== true && this.isOfSession(stream)) this.filter.learn(view, offset, length);
  }

  take(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
    stream: Stream,
  ): void {
    if (stream.isUnsequenced) this.unsequenced++;
    else if (this.isOfSession(stream)) this.arbiter.message(view, offset, length, seconds, nanoseconds, sequence);
    else this.others.set(stream.session, (this.others.get(stream.session) ?? 0) + 1);
  }

  /** Whether a part's messages, framed elsewhere, are what would be written here; `flows` are the part's. */
  canTake({ messages, first }: CopiedPart, flows: readonly Flow[]): boolean {
    const stream = this.first;
    if (messages === null || stream === null || !this.arbiter.isAt(messages.firstSequence)) return false;
    const flow = messages.flow < 0 ? null : flows[messages.flow];
    if (flow !== stream.flow || messages.session !== stream.session) return false;
    if (first === null) return true;
    return this.output?.canTakePart?.(first, this.keepsNumbers ? messages.firstSequence : 0) ?? false;
  }

  /** Takes them. */
  takePart(part: CopiedPart): void {
    const { messages, first, last } = part;
    if (messages === null) return;
    this.arbiter.passRun(messages.firstSequence, messages.count);
    this.filtered += messages.filtered;
    if (first === null || last === null) return;
    this.span.goOn(first, last);
    this.output?.takePart?.(part);
  }

  /** Puts out what was held back, and the end of the session where the input has it; not where a window cut it off. */
  finish(feed: MessageFeed, isCut: boolean): void {
    const { first, session } = this;
    const sessions = feed.demux.sessions().filter((one) => first === null || one.session === session);
    const known = sessions.flatMap(({ gaps }) => gaps.map(({ to }) => to + 1));
    this.arbiter.flush(isCut ? 0 : known.reduce((most, next) => Math.max(most, next), 0));
    const { output } = this;
    if (output === null) return;
    const reader: { endOfSession?: boolean } = feed.input.reader as object;
    const isOver = sessions.some(({ endOfSession }) => endOfSession) || reader.endOfSession === true;
    // An end alone would have no message's stamp to go by; a BinaryFILE needs none.
    const isStamped = output.counts.messages > 0 || this.spec.format === 'binaryfile';
    if (isOver && !isCut && isStamped) output.endOfSession();
  }

  close(): void {
    this.output?.close();
  }

  /** What became of the lines of the session. */
  merged(): MergedReport {
    return this.counts.report(this.arbiter);
  }

  report() {
    const { arbiter, output, session, filtered, unsequenced, gaps } = this;
    const { duplicates, late, heldBack, missing } = arbiter;
    const counts = output?.counts;
    return {
      framing: this.spec.format === 'binaryfile' ? null : this.framing,
      session,
      messages: counts?.messages ?? 0,
      packets: counts?.packets ?? 0,
      bytes: counts?.bytes ?? 0,
      filtered,
      unsequenced,
      otherSessions: [...this.others].map(([name, messages]) => ({ session: name, messages })),
      gaps,
      gapsTotal: arbiter.gaps,
      missing,
      duplicates,
      late,
      heldBack,
      tooLong: counts?.tooLong ?? 0,
      zeroLength: counts?.zeroLength ?? 0,
      clampedTimestamps: counts?.clampedTimestamps ?? 0,
      connections: counts?.connections ?? 0,
    } satisfies Partial<ConvertReport>;
  }

  private isOfSession(stream: Stream): boolean {
    if (this.first === null) {
      this.first = stream;
      this.session = stream.session;
    }
    return this.session === null ? stream === this.first : stream.session === this.session;
  }

  private put(
    view: DataView,
    offset: number,
    length: number,
    seconds: number,
    nanoseconds: number,
    sequence: number,
  ): void {
    const { span, spec } = this;
    if (!this.filter.acceptsMessage(view, offset, length)) {
      this.filtered++;
      return;
    }
    this.output ??= this.open();
    const isKnown = spec.restamp.exchange && length > 0 && itch50.lengthOf(view, offset) === length;
    span.apply(seconds, nanoseconds, isKnown ? itch50.timestampOf(view, offset) : -1);
    const number = this.keepsNumbers ? sequence : 0;
    this.output.message(view, offset, length, span.stampSeconds, span.stampNanoseconds, number);
  }

  /** Where nothing was written, framing is what was asked for. */
  private get framing(): ConvertFraming {
    return this.spec.framing ?? 'moldudp64';
  }

  private get outputFraming(): OutputFraming {
    const { framing } = this;
    if (framing !== 'mdp3') return framing;
    const text = 'messages of ITCH cannot be framed as MDP 3.0; leave --framing out, or choose the flows of MDP 3.0';
    throw new UsageError('framing', `${text} with --destination or --channel`);
  }

  private open(): CountingOutput {
    const { spec, session } = this;
    const file = { path: spec.output, inputPaths: spec.input.paths };
    if (spec.format === 'binaryfile') return openMessageOutput({ ...file, format: spec.format });
    const framed = messageOutputSpec({ ...spec, framing: this.outputFraming }, this.first?.flow ?? null, session);
    return openMessageOutput({ ...framed, ...file });
  }
}

/** What of a conversion says how messages are framed. */
export type MessageFraming =
  | 'format'
  | 'framing'
  | 'sessionName'
  | 'mtu'
  | 'pack'
  | 'resequence'
  | 'remapSources'
  | 'remapDestinations';

/** Addresses are those of the input where its transport is the output's. */
export function messageOutputSpec(
  spec: Pick<ConvertSpec, MessageFraming>,
  flow: Flow | null,
  session: string | null,
): Omit<MessageOutputSpec, 'path'> {
  const framing = spec.framing === 'soupbintcp' ? spec.framing : 'moldudp64';
  const transport = framing === 'soupbintcp' ? 'TCP' : 'UDP';
  const own = flow?.transport === transport ? flow : defaultFlow(framing);
  const to = new FlowMap(spec.remapSources, spec.remapDestinations).get(own);
  return {
    format: spec.format,
    framing,
    session: spec.sessionName ?? (session && fitsSession(session) ? session : undefined),
    source: { address: to.source, port: to.sourcePort },
    destination: { address: to.destination, port: to.destinationPort },
    mtu: spec.mtu ?? undefined,
    pack: spec.pack ?? undefined,
    firstSequence: spec.resequence ?? undefined,
  };
}

/** The filter of messages: flows and sessions were chosen as they were read. */
export function messageFilterOf({ filter }: Pick<ConvertSpec, 'filter'>, protocols: Protocols): MessageFilter {
  const chosen = { destinations: [], sessions: [], channels: [], feeds: [] };
  return new MessageFilter({ ...filter, ...chosen }, itch50Landmarks, protocols);
}

/** A name that was printed with escapes does not fit the field that it came from. */
function fitsSession(name: string): boolean {
  return name.length <= 10 && !name.includes('\\x');
}
