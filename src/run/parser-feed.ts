/** How a capture gets to a program under test: as a BinaryFILE or a capture on its standard input, or as UDP. */
import { join } from 'node:path';
import type { InputSpec } from '../analysis/input.js';
import { MessageFeed } from '../analysis/message-feed.js';
import { sniff } from '../capture/detect.js';
import { openBytes } from '../io/byte-source.js';
import { type Child, endAllChildren } from '../io/child-process.js';
import { temporaryFolder } from '../io/temporary-folder.js';
import { ReplayControl } from '../replay/control.js';
import { Conversion } from './convert.js';
import { convertSpecOf } from './convert-spec.js';
import { replay } from './library.js';
import type { ParserFeed, ParserSpec } from './parser-spec.js';

/** What of a program a feed needs. */
export type Fed = Pick<Child, 'write' | 'whileFed'>;

/** Replays under way. */
const replays = new Set<ReplayControl>();

/**
 * Writes the whole input to the program's standard input and resolves; also where the program takes no more. The time
 * that reading and converting take is not the program's silence.
 */
export async function feedChild(child: Fed, feed: ParserFeed, input: InputSpec): Promise<void> {
  await child.whileFed(async () => {
    if (feed === 'binaryfile') await feedMessages(child, input);
    else if (feed === 'pcap') await feedPcap(child, input);
    else if (feed === 'capture') for (const path of input.paths) await feedFile(child, path);
  });
}

/** What was sent, and whether that was left off before the input's end. */
export interface SentPackets {
  readonly packets: number;
  readonly isStopped: boolean;
}

/** Replays the input to where the parser listens; leaves off where `child` ends first, or all replays are ended. */
export async function feedUdp(
  address: string,
  { speed }: ParserSpec,
  input: InputSpec,
  child: Pick<Child, 'finished'> | null,
): Promise<SentPackets> {
  const control = new ReplayControl();
  replays.add(control);
  void child?.finished.then(() => control.stop());
  try {
    const { packets, endReason } = await replay(input, { to: address, speed, control });
    return { packets, isStopped: endReason === 'stopped' };
  } finally {
    replays.delete(control);
  }
}

/** Ends every program under test that we started, and every replay to one that is under way. */
export function endAllParsers(): void {
  endAllChildren();
  for (const control of replays) control.stop();
}

/** Every message of the streams that we can read, whatever its type, each behind its length. */
async function feedMessages(child: Fed, input: InputSpec): Promise<void> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let isWanted = true;
  const feed: MessageFeed = await MessageFeed.open(input, {
    onMessage(view, offset, length, _timestampNs, _sequence, stream, verdict) {
      if (verdict === 'withheld' || length === 0 || length > 0xffff) return;
      const { fit, unfit, forced } = feed.gate.verdictOf(stream);
      if (verdict !== 'known' && !forced && (fit === 0 || fit < unfit)) return;
      const piece = new Uint8Array(length + 2);
      piece[0] = length >> 8;
      piece[1] = length & 0xff;
      piece.set(new Uint8Array(view.buffer, view.byteOffset + offset, length), 2);
      pieces.push(piece);
      bytes += piece.length;
    },
    isDone: () => !isWanted,
    pause: () => (bytes >= 1 << 16 ? flush() : undefined),
  });
  const flush = async (): Promise<void> => {
    const whole = Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
    isWanted = await child.write(whole);
  };
  await feed.run();
  if (bytes > 0) await flush();
}

/** The file as it is, inflated. */
async function feedFile(child: Fed, path: string): Promise<void> {
  const source = await openBytes(path, { onDamage: () => {} });
  try {
    for (let chunk = await source.read(); chunk !== null; chunk = await source.read()) {
      // A chunk is valid until the one after the next.
      if (!(await child.write(Buffer.from(chunk)))) return;
    }
  } finally {
    await source.close();
  }
}

/** A pcap as it is; anything else becomes one. */
async function feedPcap(child: Fed, input: InputSpec): Promise<void> {
  const [path = ''] = input.paths;
  if (input.paths.length === 1 && (await isPcap(path))) return feedFile(child, path);
  const folder = temporaryFolder('tickreel-feed-');
  try {
    const converted = join(folder.path, 'capture.pcap');
    const spec = convertSpecOf(input, converted, { format: 'pcap', allowTruncated: true });
    await (await Conversion.open(spec, () => {})).run();
    await feedFile(child, converted);
  } finally {
    folder.remove();
  }
}

async function isPcap(path: string): Promise<boolean> {
  const source = await openBytes(path, { onDamage: () => {} });
  try {
    const chunk = await source.read();
    return chunk !== null && sniff(chunk) === 'pcap';
  } finally {
    await source.close();
  }
}
