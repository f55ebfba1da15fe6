/** What the commands say on standard error about damage and unknown input, and how they end. */
import type { FileDamage } from '../analysis/damage-log.js';
import type { MessageFeed } from '../analysis/message-feed.js';
import type { MessageWriter } from '../analysis/message-writer.js';
import { worstExitCode } from '../core/exit-code.js';
import { formatCounted } from '../core/time.js';
import type { FilterFlags, WindowFlags } from './options.js';

/** Reports printed one by one; the rest are counted. */
const printedDamage = 20;
const printedLayouts = 10;
/** Options that choose messages. */
const choosing = [
  ...(['destination', 'session', 'channel', 'feed', 'type', 'symbol', 'locate', 'securityId'] as const),
  ...(['from', 'until'] as const),
];

/** The options that chose messages, as they were written. */
export function givenChoices(flags: FilterFlags & WindowFlags): string[] {
  return choosing
    .filter((name) => flags[name] !== undefined)
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}

/** Prints damage as it is met, and after the run what else was not decoded. */
export class CaptureSummary {
  private printed = 0;
  private readonly say: (text: string) => void;

  /** Texts go to standard error, or where `say` puts them. */
  constructor(say: (text: string) => void = warn) {
    this.say = say;
  }

  onDamage(damage: FileDamage): void {
    if (this.printed++ >= printedDamage) return;
    const { code, message, record, offset, file } = damage;
    const where = record > 0 ? ` [packet ${record}, byte ${offset}, ${code}]` : ` [${code}]`;
    this.say(`${file}: ${message}${where}`);
  }

  /** All that was not decoded: damage beyond what was printed, unknown layouts, foreign streams, skipped packets. */
  afterFeed(feed: MessageFeed): void {
    this.messages(feed);
    this.packets(feed);
  }

  /** One line where filters or window let nothing pass; silent where none were given. */
  nothingPassed(feed: MessageFeed, flags: FilterFlags & WindowFlags): void {
    const given = givenChoices(flags);
    if (given.length === 0 || feed.messagesPassed > 0) return;
    const { messagesRead, input, records, recordsRead } = feed;
    this.say(
      `${input.name}: no message passed ${given.join(' and ')}: ${messagesRead} messages were read ` +
        `in ${records} of ${recordsRead} packets (without them, inspect lists what there is)`,
    );
  }

  /** Damage beyond what was printed, unknown layouts with their bytes, streams that are not ITCH 5.0. */
  messages(feed: MessageFeed): void {
    const { gate, damage, input } = feed;
    if (damage.total > printedDamage) {
      const counts = [...damage.counts].map(([code, count]) => `${code} ${count}`).join(', ');
      this.say(`${input.name}: ${damage.total - printedDamage} more reports of damage (in all: ${counts})`);
    }
    const layouts = [...gate.unknown.values()];
    for (const { type, length, schemaId, version, count, first } of layouts.slice(0, printedLayouts)) {
      const of = input.fileCount > 1 && first.file !== null ? ` of ${first.file}` : '';
      const where = `first in packet ${first.packet}${of}: ${first.bytes}`;
      this.say(
        schemaId === undefined
          ? `${input.name}: unknown layout, type ${JSON.stringify(type)} of ${length} bytes, ${count} skipped, ${where}`
          : `${input.name}: no template ${type} of schema ${schemaId}, version ${version}, for ` +
              `${formatCounted(count, 'message')} (--templates FILE reads the exchange's), ${where}`,
      );
    }
    if (layouts.length > printedLayouts) {
      this.say(`${input.name}: ${layouts.length - printedLayouts} more unknown layouts; inspect --json lists them`);
    }
    const fileStreams = input.messageFiles.length === 0 ? [] : feed.fileStreams;
    for (const stream of [...fileStreams, ...feed.demux.streams]) {
      if (gate.speaks(stream) !== 'not ITCH 5.0') continue;
      const what = stream.flow === null ? 'the file' : `flow ${stream.flow.name}`;
      this.say(
        `${input.name}: ${what} is not ITCH 5.0: most of its messages fit no layout (--protocol itch50 insists)`,
      );
    }
  }

  /** Flows of unknown framing, packets that carried no datagram, and time stamps that are not the capture's. */
  private packets(feed: MessageFeed): void {
    const { input, demux } = feed;
    const strange = demux.flows().filter((flow) => flow.recognisedAs === null && flow.packets > 0);
    for (const flow of strange.slice(0, printedLayouts)) {
      this.say(
        `${input.name}: flow ${flow.source} > ${flow.destination} (${flow.packets} packets): framing not recognised`,
      );
    }
    if (strange.length > printedLayouts) this.say(`${input.name}: ${strange.length - printedLayouts} more such flows`);
    for (const { file, skipped, counts } of input.files()) {
      for (const [reason, count] of Object.entries(skipped)) this.say(`${file}: ${count} packets skipped: ${reason}`);
      if (counts === null) continue;
      const { withoutTimestamp, badTimestamps } = counts;
      if (withoutTimestamp > 0) {
        this.say(`${file}: ${withoutTimestamp} simple packets have no time stamp; each has that of the one before`);
      }
      if (badTimestamps > 0) this.say(`${file}: ${badTimestamps} time stamps were out of range and normalised`);
    }
  }
}

/** Tells of messages that have no place in a CSV, and of fields that none had. */
export function tellUnwritten(
  { misplaced }: Pick<MessageWriter, 'misplaced'>,
  name: string,
  fields: readonly string[] | undefined,
  written: number,
  passed: number,
): void {
  if (misplaced > 0) {
    const text = `${formatCounted(misplaced, 'message')} without a place in this CSV`;
    const why = 'of another protocol than its columns, or without a template';
    warn(`${name}: ${text} (${why}): NDJSON has them; --type or --destination choose`);
  }
  if (fields === undefined || written > 0 || passed === 0) return;
  const text = `no message had any of --fields ${fields.join(',')}`;
  warn(`${name}: ${text}; fields of groups are written NoMDEntries.MDEntryPx`);
}

export function warn(text: string): void {
  process.stderr.write(`tickreel: ${text}\n`);
}

/** Sets the exit code by what applies; the process ends when its work is done. */
export function finish(applies: Parameters<typeof worstExitCode>[0]): void {
  process.exitCode = worstExitCode(applies);
}
