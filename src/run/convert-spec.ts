/** What a conversion is told, and what it reports. */
import type { FileDamage } from '../analysis/damage-log.js';
import { type Input, type InputSpec, inputSpecOf } from '../analysis/input.js';
import { type LineSpec, noLines } from '../analysis/line-names.js';
import type { LinesReport } from '../analysis/lines-report.js';
import { UsageError } from '../core/errors.js';
import type { When } from '../core/time.js';
import { type OutputFormat, type OutputFraming, outputFormatOf, outputFramings } from '../io/message-output.js';
import { type FilterSpec, noFilter } from '../replay/filter.js';
import type { Remapping } from './remap.js';
import { noRestamp, type RestampSpec } from './restamp.js';
import type { FaultSpec, FaultsReport } from './run-faults.js';

/** What messages are framed in; MDP 3.0 has a framing of its own, and no other. */
export type ConvertFraming = OutputFraming | 'mdp3';
export const convertFramings: readonly ConvertFraming[] = [...outputFramings, 'mdp3'];

export interface ConvertSpec {
  input: InputSpec;
  /** A file, or `-` for standard output. */
  output: string;
  format: OutputFormat;
  /** Null: datagrams stay as they are, messages of ITCH become MoldUDP64, packets of MDP 3.0 stay packets. */
  framing: ConvertFraming | null;
  /** Which flows are lines A and B, where that is told. */
  lines: LineSpec;
  from?: When | undefined;
  until?: When | undefined;
  filter: FilterSpec;
  /** Where messages are left out, the others keep their numbers. */
  keepSequence: boolean;
  /** Number the messages anew from here. */
  resequence: number | null;
  restamp: RestampSpec;
  remapSources: readonly Remapping[];
  remapDestinations: readonly Remapping[];
  /** Null: the session's own, else `TICKREEL01`. */
  sessionName: string | null;
  mtu: number | null;
  pack: 'timestamp' | 'mtu' | null;
  /** Write datagrams that the capture holds only a part of, as far as it does. */
  allowTruncated: boolean;
  /** What befalls datagrams that are copied as they are; null: nothing. */
  faults: FaultSpec | null;
}

/** The whole of a spec of which all but input and output may be left out; throws UsageError for contradictions. */
export function convertSpecOf(input: Input, output: string, given: ConvertOptions = {}): ConvertSpec {
  const spec: ConvertSpec = {
    framing: null,
    lines: noLines,
    filter: noFilter,
    keepSequence: false,
    resequence: null,
    restamp: noRestamp,
    remapSources: [],
    remapDestinations: [],
    sessionName: null,
    mtu: null,
    pack: null,
    allowTruncated: false,
    faults: null,
    ...given,
    input: inputSpecOf(input),
    output,
    format: outputFormatOf(output, given.format),
  };
  if (spec.keepSequence && spec.resequence !== null) {
    throw new UsageError('sequence', '--keep-sequence and --resequence contradict each other: give one of them');
  }
  if (spec.format === 'binaryfile') refusePacketOptions(spec);
  return spec;
}

/** What a library caller may set; everything else is as in `ConvertSpec`. */
export type ConvertOptions = Partial<Omit<ConvertSpec, 'input' | 'output'>>;

/** A BinaryFILE has messages and nothing around them. */
function refusePacketOptions(spec: ConvertSpec): void {
  const { restamp, framing, mtu, pack, sessionName, resequence, keepSequence } = spec;
  const isRestamped = restamp.exchange || restamp.speed !== 1 || restamp.start !== null || restamp.shiftNs !== 0;
  const given = Object.entries({
    framing: framing !== null,
    mtu: mtu !== null,
    pack: pack !== null,
    'session-name': sessionName !== null,
    resequence: resequence !== null,
    'keep-sequence': keepSequence,
    're-stamping': isRestamped,
    'remap-source': spec.remapSources.length > 0,
    'remap-destination': spec.remapDestinations.length > 0,
  }).flatMap(([name, isGiven]) => (isGiven ? [name] : []));
  if (given.length === 0) return;
  const text = 'a BinaryFILE holds messages alone, without packets, numbers or capture time';
  throw new UsageError('binaryfile', `${text}: leave out ${given.join(', ')}`);
}

/** Numbers `from` to `to` that did not come. */
export interface ConvertGap {
  from: number;
  to: number;
  count: number;
  session: string | null;
  /** Of MDP 3.0, whose numbers are those of packets: where they were sent, `address:port`. */
  destination?: string;
}

/** The object that `convert --json` prints: stable keys, units in their names. */
export interface ConvertReport {
  input: string;
  output: string;
  format: OutputFormat;
  /** `verbatim`: each datagram as it was; else what the messages were framed in, null in a BinaryFILE. */
  framing: 'verbatim' | ConvertFraming | null;
  /** The session that was converted; null where it has no name, or all were (verbatim). */
  session: string | null;
  messages: number;
  packets: number;
  /** Of the file. */
  bytes: number;
  /** First and last stamp written, ns since the epoch; null where nothing was. */
  first: string | null;
  last: string | null;
  /** From the first stamp written to the last. */
  seconds: number;
  /** Datagrams, pieces of TCP streams or records of messages that were read in the window. */
  records: number;
  /** Messages that filters left out. */
  filtered: number;
  /**
   * Unsequenced messages of SoupBinTCP, which clients send: they are no part of a session. Of MDP 3.0 packets without a
   * number, which are written.
   */
  unsequenced: number;
  /** Sessions beside the converted one: their messages were left out. */
  otherSessions: { session: string | null; messages: number }[];
  /** The first gaps in full, by their numbers in the input. */
  gaps: ConvertGap[];
  gapsTotal: number;
  /** Messages in all gaps; of MDP 3.0 packets. */
  missing: number;
  duplicates: number;
  /** Messages that came when their gap had been declared, left out. */
  late: number;
  /** Of MDP 3.0, where gaps and all up to `heldBack` count packets: channels, each of whatever lines, … */
  channels?: number;
  /** … and how often their numbers began anew. */
  restarts?: number;
  /** Messages that were held back until those before them had come, or were given up. */
  heldBack: number;
  /** Sessions and channels that came on several lines. */
  lines: LinesReport[];
  /** Datagrams that the capture holds only a part of, left out. */
  truncated: number;
  /** Pieces of TCP streams that verbatim datagrams leave out. */
  tcpPieces: number;
  /** Datagrams of flows beyond the limit, whose addresses are lost. */
  otherFlows: number;
  /** What the output could not carry: too long, or of no bytes in a BinaryFILE. */
  tooLong: number;
  zeroLength: number;
  clampedTimestamps: number;
  /** SoupBinTCP logins. */
  connections: number;
  /** What befell datagrams, by line; null or absent where nothing was asked for. */
  faults?: FaultsReport | null;
  damage: FileDamage[];
  damageTotal: number;
}
