/**
 * The bench's cases: what each reads, and one run over it that returns the checksum.
 *
 * A new case is an entry of `benchCases`, or of a file of its own that is spread there as `mdpCases` is. Its goal, if it
 * has one, is a row of `goals.ts`.
 */
import { CaptureReader, itch50, SessionDemux } from 'tickreel';
import type { Input, InputName } from './corpus.js';
import { floorCases } from './floor.js';
import { handWrittenChecksum } from './hand-written.js';
import { checksum, checksumHandlers, resetChecksum } from './handlers.js';
import { mdpCases } from './mdp-cases.js';
import { binaryParserChecksum, pcapParserChecksum } from './peers.js';
import { sessionMessages } from './session.js';
import { startupCases } from './startup-cases.js';

/** One thing that is measured. */
export interface BenchCase {
  readonly name: string;
  readonly about: string;
  readonly input: InputName;
  /** What its figures are told per; a `start` is a whole run, of a program that is started and ends. */
  readonly per: 'message' | 'entry' | 'start';
  /** Messages of the full bench; slow peers read fewer. */
  readonly messages: number;
  /**
   * What the checksum is of: of as many messages all cases of one sum must agree. `itch-fields` and `mdp-fields` are
   * every field as `handlers.ts` and `mdp-handlers.ts` add them up.
   */
  readonly sum: string;
  /** Why the case cannot run here, as a sentence; null, or absent, where it can. */
  absence?(): string | null;
  /** Sets up and returns one run over the whole input, which is timed until it has returned or resolved. */
  prepare(input: Input): Run | Promise<Run>;
}

/** One run, which yields the checksum. */
export type Run = () => number | Promise<number>;

/** How much of the file a `decodeBlocks` call is given, as a reader of chunks would. */
const chunkBytes = 65_536;
const slowPeerMessages = 200_000;
const session = 'session.NASDAQ_ITCH50';

/** All cases, the library's first. */
export const benchCases: readonly BenchCase[] = [
  {
    name: 'itch-scan',
    about: 'BinaryFILE in memory: every message checked and counted by type, its time stamp read',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-scan',
    prepare: prepareScan,
  },
  {
    name: 'itch-decode',
    about: 'BinaryFILE in memory: every field through typed handlers, decodeBlocks',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareDecode,
  },
  {
    name: 'itch-decode-by-message',
    about: 'the same through one decode call a message',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareDecodeByMessage,
  },
  {
    name: 'itch-end-to-end',
    about: 'nanosecond pcap in memory: CaptureReader (checksums verified), SessionDemux, every field',
    input: 'session-ns.pcap',
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: prepareEndToEnd,
  },
  {
    name: 'peer-hand-written',
    about: 'a loop written by hand for this checksum alone, lengths trusted',
    input: session,
    per: 'message',
    messages: sessionMessages,
    sum: 'itch-fields',
    prepare: ({ bytes }) => {
      const view = viewOf(bytes);
      return () => handWrittenChecksum(view, 0, view.byteLength);
    },
  },
  {
    name: 'peer-binary-parser',
    about: 'binary-parser, a parser from the same table',
    input: session,
    per: 'message',
    messages: slowPeerMessages,
    sum: 'itch-fields',
    prepare:
      ({ bytes }) =>
      () =>
        binaryParserChecksum(bytes),
  },
  {
    name: 'peer-pcap-parser',
    about: 'pcap-parser for a microsecond pcap, MoldUDP64 and messages by hand',
    input: 'session-us.pcap',
    per: 'message',
    messages: slowPeerMessages,
    sum: 'itch-fields',
    prepare:
      ({ bytes }) =>
      () =>
        pcapParserChecksum(bytes),
  },
  ...mdpCases,
  ...startupCases,
  ...floorCases,
];

function prepareScan({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const counts = new Uint32Array(256);
  return () => {
    let sum = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint16(at);
      const message = at + 2;
      if (!itch50.isKnown(view, message, length)) throw new Error(`unknown message at ${at}`);
      const type = view.getUint8(message);
      const timestamp = itch50.timestampOf(view, message);
      counts[type] = (counts[type] as number) + 1;
      sum = (sum + type + (timestamp | 0) + ((timestamp / 0x100000000) | 0)) | 0;
      at = message + length;
    }
    return sum >>> 0;
  };
}

function prepareDecode({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const decoder = itch50.createDecoder(checksumHandlers);
  return () => {
    resetChecksum();
    for (let at = 0; at < bytes.length; ) {
      const behind = decoder.decodeBlocks(view, at, Math.min(at + chunkBytes, bytes.length));
      if (behind === at) throw new Error(`no whole message at ${at}`);
      at = behind;
    }
    return checksum();
  };
}

function prepareDecodeByMessage({ bytes }: Input): () => number {
  const view = viewOf(bytes);
  const decoder = itch50.createDecoder(checksumHandlers);
  return () => {
    resetChecksum();
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint16(at);
      if (decoder.decode(view, at + 2, length) === false) throw new Error(`unknown message at ${at}`);
      at += length + 2;
    }
    return checksum();
  };
}

function prepareEndToEnd({ bytes }: Input): () => number {
  const decoder = itch50.createDecoder(checksumHandlers);
  const fail = (damage: { message: string }): never => {
    throw new Error(damage.message);
  };
  return () => {
    resetChecksum();
    const reader = new CaptureReader({ onDamage: fail });
    const demux = new SessionDemux(
      {
        onMessage: (view, offset, length) => {
          if (decoder.decode(view, offset, length) === false) throw new Error(`unknown message at ${offset}`);
        },
        onGap: (from) => fail({ message: `gap at ${from}` }),
        onDamage: fail,
      },
      { lengthOf: itch50.lengthOf },
    );
    reader.push(bytes);
    reader.end();
    while (reader.next()) {
      const { view, offset, length, flow, packetNumber, fileOffset } = reader;
      demux.datagram(view, offset, length, reader.nanoseconds, flow, packetNumber, fileOffset);
    }
    if (!reader.done || reader.counts.badUdpChecksums !== 0) throw new Error('the capture was not read as it is');
    return checksum();
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
