/** Holds a capture and its decode against a golden record: what differs first, and all that differs by cause. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type InputSpec, inputSpecOf, isStandardInput } from '../analysis/input.js';
import { Comparison } from '../compare/comparison.js';
import type { Divergence } from '../compare/divergence.js';
import { digestedText, GoldenWriter, shortDigest } from '../compare/golden.js';
import { locator } from '../compare/locate.js';
import type { ComparedMessage, MessagePlace } from '../compare/message.js';
import { plainRules } from '../compare/values.js';
import { UsageError } from '../core/errors.js';
import { messagesAround } from './around.js';
import { acceptedOf, type CheckOptions, type CheckReport, keptDamage } from './check-spec.js';
import { compareSources } from './compare-sources.js';
import { fileHash, footLines, GoldenFile } from './golden-file.js';
import { CaptureMessages, type MessageSource, streamKey } from './message-source.js';
import { NdjsonMessages } from './ndjson-source.js';

const batchBlocks = 8;
const unknownPlace = { packet: 0, offset: -1, sequence: null, session: null, index: 0, timestampNs: null };
const withoutValues = 'the record holds digests alone: what was expected is known where it is made with --full';

/**
 * The captures that a golden record was made of, looked for beside it and then in the working folder. Throws UsageError
 * where one is not there.
 */
export function goldenInput(path: string): InputSpec {
  const golden = new GoldenFile(path);
  golden.close();
  const paths = golden.head.captures.map(({ name }) => {
    const found = [join(dirname(path), name), name].find((candidate) => existsSync(candidate));
    if (found !== undefined) return found;
    throw new UsageError(
      'golden',
      `${path}: its capture ${name} is neither beside it nor here: name it behind the record`,
    );
  });
  return inputSpecOf(paths);
}

/** Compares; rejects with UsageError or CaptureError where either cannot be read. */
export async function checkGolden(path: string, options: CheckOptions): Promise<CheckReport> {
  if (options.input.paths.some(isStandardInput)) {
    throw new UsageError('stdin', 'a golden record is held against files: save standard input to one');
  }
  return new GoldenCheck(path, options).run();
}

class GoldenCheck {
  private readonly startMs = performance.now();
  private readonly golden: GoldenFile;
  private readonly blocks = new BlockDigests();

  constructor(
    private readonly path: string,
    private readonly options: CheckOptions,
  ) {
    this.golden = new GoldenFile(path);
  }

  async run(): Promise<CheckReport> {
    try {
      return await this.held(await CaptureMessages.open(this.options.input, { keying: 'stream' }));
    } finally {
      this.golden.close();
    }
  }

  private async held(source: CaptureMessages): Promise<CheckReport> {
    const { golden, options } = this;
    try {
      const { fullPath } = golden;
      const writer = new GoldenWriter((line) => this.blocks.line(line), golden.head.blockSize);
      const right = new DigestedMessages(source, writer);
      const digests = new GoldenMessages(golden, this.blocks);
      const comparison = new Comparison({
        rules: () => plainRules,
        locate: locator(source.reading.protocols.mdp3.catalogue),
        ...(options.limit === undefined ? {} : { limit: options.limit }),
        ...(fullPath === null
          ? { digestNote: withoutValues, isSame: (one, other) => digests.shortOf(one) === right.shortOf(other) }
          : {}),
      });
      const left = fullPath === null ? digests : await this.openFull(fullPath);
      await compareSources(comparison, left, right, options.onProgress, options.isStopped);
      const chain = writer.end();
      this.compareTotals(comparison, source, writer, chain);
      return await this.report(comparison, source);
    } finally {
      await source.close();
    }
  }

  /** The whole decode beside the record, once it is known to be the one that it was made with. */
  private async openFull(fullPath: string): Promise<MessageSource> {
    const { golden, blocks } = this;
    for (let block = golden.next(); block !== null; block = golden.next()) {
      blocks.expect(golden.streams.get(block.stream) ?? '', block);
    }
    if ((await fileHash(fullPath)) !== golden.foot?.fullHash) {
      throw new UsageError(
        'golden',
        `${this.path}: ${fullPath} is not the decode that it was made with; make it again`,
      );
    }
    return NdjsonMessages.open(fullPath, 'stream');
  }

  /** What no message tells: counts of damage and gaps, and a block that differs though its messages seem not to. */
  private compareTotals(comparison: Comparison, source: CaptureMessages, writer: GoldenWriter, chain: string): void {
    const { foot } = this.golden;
    const { log, isEqual } = comparison;
    const place: MessagePlace = { ...unknownPlace, file: this.options.input.paths.join(', ') };
    const was = new Map<string, string>();
    for (const [code, count] of foot?.damage ?? []) was.set(`damage ${code}`, `${count}`);
    was.set('gaps', `${foot?.gaps}`);
    const is = new Map<string, string>();
    for (const line of footLines(source.reading, writer.messages, writer.types)) {
      const match = /^(damage .*|gaps) (\d+)$/.exec(line);
      if (match !== null) is.set(match[1] as string, match[2] as string);
    }
    for (const key of new Set([...was.keys(), ...is.keys()])) {
      const [expected, actual] = [was.get(key) ?? '0', is.get(key) ?? '0'];
      if (expected !== actual) log.other('digest', `${key}: ${actual} where the record says ${expected}`, place);
    }
    if (isEqual && this.blocks.first !== null) {
      log.other('digest', `a block whose digest differs: ${this.blocks.first}`, place);
    } else if (isEqual && chain !== foot?.chain) log.other('digest', 'the chain of all digests', place);
  }

  private async report(comparison: Comparison, source: CaptureMessages): Promise<CheckReport> {
    const { options, golden } = this;
    const { log, counts } = comparison;
    const { accepted, isAccepted } = acceptedOf(log.causes, options.accepted);
    const { damage } = source.reading;
    const { first } = log;
    return {
      name: options.name ?? options.input.paths.join(', '),
      captures: options.input.paths,
      against: this.path,
      verdict: isAccepted ? 'pass' : 'differs',
      message: isAccepted ? '' : `${log.total} divergences; ${await this.blame(golden, source)}`,
      counts,
      counted: null,
      reports: null,
      divergences: { total: log.total, accepted, causes: log.causes, first, kept: log.kept },
      around: first === null ? [] : await this.around(first),
      damage: { total: damage.total, kept: damage.kept.slice(0, keptDamage) },
      errorText: '',
      peakMemoryBytes: 0,
      seconds: (performance.now() - this.startMs) / 1000,
    };
  }

  /** Of a message that is missing here, those between which it should be. */
  private async around({ kind, ordinal }: Divergence): Promise<{ distance: number; text: string }[]> {
    const found = await messagesAround(this.options.input, ordinal);
    if (kind !== 'missing') return found;
    return found.map(({ distance, text }) => ({ distance: distance < 0 ? distance : distance + 1, text }));
  }

  /** Which of the two changed: the capture or the decoder. */
  private async blame({ head, foot }: GoldenFile, source: CaptureMessages): Promise<string> {
    const { paths } = this.options.input;
    const hashes = await Promise.all(paths.map(fileHash));
    const isSame =
      paths.length === head.captures.length && hashes.every((hash, at) => hash === head.captures[at]?.sha256);
    if (!isSame) return 'the capture is not the one that the record was made of';
    const schemas = footLines(source.reading, 0, foot?.types ?? new Map()).filter((line) => line.startsWith('schema '));
    const changed = schemas
      .map((line) => line.split(' '))
      .filter(([, name = '', hash]) => foot?.schemas.get(name) !== hash);
    const which = changed.length === 0 ? '' : ` (another schema of ${changed.map(([, name]) => name).join(', ')})`;
    return `the capture is the same, byte for byte: the decoder differs${which}`;
  }
}

/** The messages of a record that has digests alone. */
class GoldenMessages implements MessageSource {
  private readonly shorts = new WeakMap<ComparedMessage, string>();

  constructor(
    private readonly golden: GoldenFile,
    private readonly blocks: BlockDigests,
  ) {}

  shortOf(message: ComparedMessage): string {
    return this.shorts.get(message) ?? '';
  }

  async next(): Promise<readonly ComparedMessage[] | null> {
    const messages: ComparedMessage[] = [];
    for (let count = 0; count < batchBlocks; count++) {
      const block = this.golden.next();
      if (block === null) break;
      const stream = this.golden.streams.get(block.stream) ?? '';
      this.blocks.expect(stream, block);
      for (const { short, ...order } of block.messages) {
        const message: ComparedMessage = {
          place: { ...unknownPlace, file: 'golden record', sequence: order.number, index: order.nth },
          protocol: '',
          type: 'message',
          name: null,
          values: {},
          bytes: null,
          isKnown: true,
          key: streamKey(stream, order),
          stream,
          order,
        };
        this.shorts.set(message, short);
        messages.push(message);
      }
    }
    return messages.length === 0 ? null : messages;
  }

  async close(): Promise<void> {
    this.golden.close();
  }
}

/** The capture's messages, digested as they pass. */
class DigestedMessages implements MessageSource {
  private readonly shorts = new WeakMap<ComparedMessage, string>();

  constructor(
    private readonly source: MessageSource,
    private readonly writer: GoldenWriter,
  ) {}

  shortOf(message: ComparedMessage): string {
    return this.shorts.get(message) ?? '';
  }

  async next(): Promise<readonly ComparedMessage[] | null> {
    const batch = await this.source.next();
    for (const message of batch ?? []) {
      const text = digestedText(message);
      this.writer.add(message, text);
      this.shorts.set(message, shortDigest(text));
    }
    return batch;
  }

  close(): Promise<void> {
    return this.source.close();
  }
}

/** Digests of blocks on either side, until the other side has the like. */
class BlockDigests {
  /** The first block that differs, in words; null where none does. */
  first: string | null = null;
  private readonly expected = new Map<string, string>();
  private readonly actual = new Map<string, string>();
  private readonly streams = new Map<string, string>();

  expect(stream: string, block: { epoch: number; first: number; nth: number; digest: string }): void {
    const key = `${stream}, numbers from ${block.first} (${block.epoch}.${block.nth})`;
    this.note(this.expected, this.actual, key, block.digest);
  }

  /** A line that the writer makes of the capture. */
  line(line: string): void {
    const stream = /^stream (\d+) (.*)$/.exec(line);
    if (stream !== null) {
      this.streams.set(stream[1] as string, stream[2] as string);
      return;
    }
    const [, id = '', epoch, first, nth, digest = ''] = line.split(' ');
    this.note(this.actual, this.expected, `${this.streams.get(id)}, numbers from ${first} (${epoch}.${nth})`, digest);
  }

  private note(own: Map<string, string>, other: Map<string, string>, key: string, digest: string): void {
    const like = other.get(key);
    if (like === undefined) own.set(key, digest);
    else {
      other.delete(key);
      if (like !== digest) this.first ??= key;
    }
  }
}
