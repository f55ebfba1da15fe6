/** A parser that does its own framing, called with the datagrams of a capture: what it makes of them, as messages. */
import { CaptureInput } from '../analysis/capture-input.js';
import type { InputSpec } from '../analysis/input.js';
import type { ComparedMessage } from '../compare/message.js';
import { parsedReader, type ReadParsed } from '../compare/parsed.js';
import type { ReportLog } from '../compare/reports.js';
import { UsageError } from '../core/errors.js';
import { formatEpochNs } from '../core/halves.js';
import type { Flow } from '../core/seams.js';
import type { CheckedParser } from './check-run.js';
import type { MessageSource } from './message-source.js';
import type { PacketContext, ParserPiece } from './parser-contract.js';
import type { CalledParser } from './parser-module.js';

/** Datagrams handed over at a time. */
const batchSize = 256;

/** One side of a comparison. */
export class CalledPackets implements MessageSource {
  private readonly read: ReadParsed;
  private line = 0;
  private isOver = false;

  private constructor(
    private readonly parser: CalledParser,
    private readonly of: CheckedParser,
    private readonly log: ReportLog,
    private readonly input: CaptureInput,
  ) {
    this.read = parsedReader(of.mapping);
  }

  /** Opens the capture a second time; rejects with UsageError for a BinaryFILE, which has no datagrams. */
  static async open(parser: CalledParser, of: CheckedParser, log: ReportLog, spec: InputSpec): Promise<CalledPackets> {
    // Damage is told by who reads messages.
    const input = await CaptureInput.open(spec, () => {});
    const [file] = input.messageFiles;
    if (file === undefined) return new CalledPackets(parser, of, log, input);
    await input.close();
    const text = `${of.name} takes datagrams, and ${file} is a BinaryFILE, which has none`;
    throw new UsageError('parser', `${text}: tickreel convert makes a pcap of it`);
  }

  async next(): Promise<readonly ComparedMessage[] | null> {
    while (!this.isOver) {
      const pieces = await this.pieces();
      this.isOver = pieces.length === 0;
      const results = await this.parser.call(this.isOver ? null : pieces);
      if (results.length < pieces.length) this.isOver = true;
      const messages = results.flatMap(({ values }, index) =>
        this.messages(values, pieces[index]?.context.packet ?? 0),
      );
      if (messages.length > 0) return messages;
    }
    return null;
  }

  /** Nothing more is asked of it. */
  stop(): void {
    this.isOver = true;
  }

  close(): Promise<void> {
    return this.input.close();
  }

  private messages(values: readonly Readonly<Record<string, unknown>>[], packet: number): ComparedMessage[] {
    return values.flatMap((one) => {
      if (this.log.take(one, packet === 0 ? null : packet)) return [];
      return [this.read(one, { file: this.of.name, number: packet === 0 ? ++this.line : packet, offset: -1 }, null)];
    });
  }

  private async pieces(): Promise<ParserPiece[]> {
    const { input } = this;
    const pieces: ParserPiece[] = [];
    while (pieces.length < batchSize) {
      const { reader } = input;
      if (reader.next()) {
        const { flow } = reader;
        if (flow === undefined || flow === null || flow.transport === 'TCP') continue;
        const { view, offset, length } = reader;
        const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
        pieces.push({ bytes, context: contextOf(reader, flow, input.currentName) });
      } else if (reader.done) break;
      else await input.fill();
    }
    return pieces;
  }
}

function contextOf(
  { packetNumber, fileOffset, seconds, nanoseconds }: CaptureInput['reader'],
  flow: Flow,
  file: string,
) {
  const { source, sourcePort, destination, destinationPort } = flow;
  const timestampNs = formatEpochNs(seconds, nanoseconds);
  const place = { file, packet: packetNumber, offset: fileOffset, timestampNs };
  return { ...place, source, sourcePort, destination, destinationPort } satisfies PacketContext;
}
