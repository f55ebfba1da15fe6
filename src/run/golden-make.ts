/** Makes a golden record of captures: digests of every message, counts, and with `full` the whole decode beside it. */
import { renameSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { FileDamage } from '../analysis/damage-log.js';
import type { InputSpec } from '../analysis/input.js';
import { isStandardInput } from '../analysis/input.js';
import { defaultBlock, GoldenWriter } from '../compare/golden.js';
import type { ComparedMessage } from '../compare/message.js';
import { UsageError } from '../core/errors.js';
import { GzipText } from '../io/gzip-text.js';
import { packageVersion } from '../io/package-version.js';
import { removedAtExit } from '../io/temporary-folder.js';
import { openTextFile, type TextFile } from '../io/text-file.js';
import { fileHash, footLines, headLines } from './golden-file.js';
import { CaptureMessages } from './message-source.js';

export interface GoldenMakeOptions {
  /** Numbers of a block. */
  blockSize?: number;
  /** Keep the whole decode beside the record, as gzip. */
  full?: boolean;
  onDamage?: (damage: FileDamage) => void;
  /** Asked between batches: true leaves off, and nothing is written. */
  isStopped?: () => boolean;
}

export interface GoldenMakeReport {
  readonly golden: string;
  /** The decode beside it; null where none was asked for. */
  readonly full: string | null;
  readonly messages: number;
  readonly bytes: number;
  readonly fullBytes: number;
  readonly damage: number;
}

/**
 * Writes `output` whole or not at all; rejects with UsageError, CaptureError or SinkError, and with UsageError
 * `stopped` where it was.
 */
export async function makeGolden(
  input: InputSpec,
  output: string,
  { blockSize = defaultBlock, full = false, onDamage, isStopped = () => false }: GoldenMakeOptions = {},
): Promise<GoldenMakeReport> {
  if (input.paths.some(isStandardInput)) {
    throw new UsageError('stdin', 'a golden record has the hash of its capture: save standard input to a file');
  }
  const fullPath = full ? `${output}.ndjson.gz` : null;
  const source = await CaptureMessages.open(input, {
    keying: 'stream',
    ...(onDamage === undefined ? {} : { onDamage }),
  });
  const parts = [`${output}.part`, ...(fullPath === null ? [] : [`${fullPath}.part`])];
  const removals = parts.map(removedAtExit);
  try {
    const file = openTextFile(parts[0] as string, input.paths);
    const decode = fullPath === null ? null : new GzipText(parts[1] as string);
    const head = await headLines(packageVersion(), input, blockSize, fullPath === null ? null : basename(fullPath));
    file.append(linesText(head));
    const messages = await write(source, file, decode, blockSize, isStopped);
    decode?.close();
    file.append(fullPath === null ? '' : `full-hash sha256:${await fileHash(parts[1] as string)}\n`);
    file.close();
    if (fullPath !== null) renameSync(parts[1] as string, fullPath);
    renameSync(parts[0] as string, output);
    return {
      golden: output,
      full: fullPath,
      messages,
      bytes: statSync(output).size,
      fullBytes: fullPath === null ? 0 : statSync(fullPath).size,
      damage: source.reading.damage.total,
    };
  } finally {
    await source.close();
    for (const remove of removals) remove();
  }
}

/** Writes all that is below the head; resolves with how many messages there are. */
async function write(
  source: CaptureMessages,
  file: TextFile,
  decode: GzipText | null,
  blockSize: number,
  isStopped: () => boolean,
): Promise<number> {
  let lines: string[] = [];
  const writer = new GoldenWriter((line) => lines.push(line), blockSize);
  for (let batch = await source.next(); batch !== null; batch = await source.next()) {
    if (isStopped()) throw new UsageError('stopped', 'no golden record was made: it was stopped');
    for (const message of batch) {
      writer.add(message);
      decode?.append(`${JSON.stringify(decodeLine(message))}\n`);
    }
    file.append(linesText(lines));
    lines = [];
  }
  const chain = writer.end();
  file.append(linesText([...lines, ...footLines(source.reading, writer.messages, writer.types)]));
  file.append(`chain sha256:${chain}\n`);
  return writer.messages;
}

/** As a line of `decode`, with what a comparison needs besides: the place, and what the message is known by. */
function decodeLine({ place, protocol, values, key, bytes }: ComparedMessage): object {
  const { packet, offset, timestampNs, sequence, session, index } = place;
  const wire = bytes === null ? null : Buffer.from(bytes).toString('hex');
  return { packet, offset, timestampNs, sequence, protocol, session, index, key, wire, ...values };
}

function linesText(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
