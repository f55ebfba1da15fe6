/** Holds tickreel's own reader to what is expected of a parser: every message, every gap, every report. */
import type { Input } from '../../analysis/input.js';
import { MessageFeed } from '../../analysis/message-feed.js';
import { isMdp3 } from '../../analysis/protocols.js';
import { itch50 } from '../../protocol/itch50/index.js';
import type { ExpectedMessage } from '../../sim/mutations/expect.js';
import { isOfTcp } from '../../sim/mutations/model.js';
import type { WrittenPacket } from './write.js';

/** What the reader made of a file. */
interface Readings {
  readonly messages: string[];
  readonly gaps: string[];
  readonly skipped: number;
  /** Numbers of packets about which damage was reported. */
  readonly damaged: ReadonlySet<number>;
  readonly wrongChecksums: number;
}

/** Where the reader differs from what is expected, in words; empty where it does not. */
export async function verifyMutations(input: Input, written: readonly WrittenPacket[]): Promise<string[]> {
  const readings = await read(input);
  const expected = written.flatMap(({ expected: { messages } }) => messages);
  const gaps = written.flatMap(({ expected: { gap } }) => (gap === null ? [] : [`${gap[0]} to ${gap[1]}`]));
  const skipped = written.reduce((sum, one) => sum + one.expected.skipped, 0);
  return [
    ...differingMessages(expected, readings.messages),
    ...differingGaps(gaps, readings.gaps),
    ...(skipped <= readings.skipped ? [] : [`${skipped} messages to be passed over, told ${readings.skipped}`]),
    ...differingReports(written, readings),
  ];
}

async function read(input: Input): Promise<Readings> {
  const messages: string[] = [];
  const gaps: string[] = [];
  const damaged = new Set<number>();
  const feed = await MessageFeed.open(input, {
    onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
      if (verdict !== 'known') return;
      const isOfMdp3 = isMdp3(stream);
      const codec = isOfMdp3 ? feed.protocols.mdp3.catalogue.codecAt(view, offset, length) : itch50;
      const values = codec?.toObject(view, offset, length) ?? null;
      const protocol = isOfMdp3 ? 'mdp3' : 'itch50';
      messages.push(lineOf({ sequence: sequence === 0 ? null : sequence, session: stream.session, protocol }, values));
    },
    onGap: (from, to) => gaps.push(`${from} to ${to}`),
    onDamage: ({ record }) => damaged.add(record),
  });
  await feed.run();
  const counts = feed.input.files().flatMap((file) => (file.counts === null ? [] : [file.counts]));
  const wrongChecksums = counts.reduce((sum, one) => sum + one.badIpChecksums + one.badUdpChecksums, 0);
  const skipped = feed.gate.unknownMessages + feed.gate.withheldMessages + feed.gate.zeroLengthMessages;
  return { messages, gaps, skipped, damaged, wrongChecksums };
}

function lineOf(common: Pick<ExpectedMessage, 'sequence' | 'session' | 'protocol'>, values: unknown): string {
  const { sequence, session, protocol } = common;
  return JSON.stringify({ sequence, session, protocol, ...(values as object) });
}

function differingMessages(expected: readonly ExpectedMessage[], actual: readonly string[]): string[] {
  const wrong: string[] = [];
  let at = 0;
  for (const message of expected) {
    const line = lineOf(message, message.values);
    if (actual[at] === line) at++;
    else if (!message.isOptional || message.isRepeated) {
      wrong.push(`expected ${line}, read ${actual[at] ?? 'nothing more'}`);
      const found = actual.indexOf(line, at);
      if (found >= 0) at = found + 1;
    }
    if (wrong.length > 10) return wrong;
  }
  if (at < actual.length) wrong.push(`${actual.length - at} messages more than expected, first ${actual[at]}`);
  return wrong;
}

function differingGaps(expected: readonly string[], actual: readonly string[]): string[] {
  const at = expected.findIndex((gap, index) => gap !== actual[index]);
  const first = at < 0 ? expected.length : at;
  if (first === expected.length && first === actual.length) return [];
  return [`gap ${first + 1}: ${expected[first] ?? 'none'} expected, told ${actual[first] ?? 'none'}`];
}

function differingReports(written: readonly WrittenPacket[], { damaged, wrongChecksums }: Readings): string[] {
  const wrong: string[] = [];
  const toReport = written.filter(({ expected }) => expected.isReported);
  // What TCP and files report stands at the packet that showed it, and a wrong checksum is only counted.
  const isLoose = written.some(({ packet }) => isOfTcp(packet) || packet.framing === 'binaryfile');
  if (isLoose) {
    if (toReport.length > 0 !== damaged.size > 0)
      wrong.push(`${toReport.length} reports expected, ${damaged.size} told`);
    return wrong;
  }
  let counted = 0;
  for (const { packet, numbers, expected } of written) {
    const isTold = numbers.some((number) => damaged.has(number));
    if (expected.isReported === isTold) continue;
    if (expected.isReported && packet.label?.kind.endsWith('checksum') === true) counted++;
    else
      wrong.push(
        `packet ${numbers[0]}${isTold ? ' is reported' : ' is not reported'}: ${packet.label?.kind ?? 'as it was'}`,
      );
  }
  if (counted > wrongChecksums) wrong.push(`${counted} wrong checksums, ${wrongChecksums} counted`);
  return wrong;
}
