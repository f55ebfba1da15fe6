/** Options that several commands share, and how their texts become values. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type InputSpec, inputSpecOf, type ProtocolChoice } from '../analysis/input.js';
import { checkLines, type LineEndpoint, type LineSpec, parseLineEndpoint } from '../analysis/line-names.js';
import { UsageError } from '../core/errors.js';
import { parseBytes, parseDate, parseDuration, parseWhen, type When } from '../core/time.js';
import { expandPaths } from '../io/expand-paths.js';
import type { FilterSpec } from '../replay/filter.js';

/** Raw values as commander hands them over. */
export interface InputFlags {
  date?: string;
  frameByType?: boolean;
  recover?: boolean;
  timestamps?: InputSpec['timestamps'];
  protocol?: ProtocolChoice;
  portMap?: Map<number, ProtocolChoice>;
  templates?: string[];
  channels?: string;
  definitions?: string[];
}

export interface FilterFlags {
  destination?: string[];
  session?: string[];
  channel?: string[];
  feed?: string[];
  type?: string[];
  symbol?: string[];
  locate?: string[];
  securityId?: string[];
}

export interface WindowFlags {
  from?: When;
  until?: When;
}

export interface LineFlags {
  lineA?: LineEndpoint[];
  lineB?: LineEndpoint[];
}

/** What the argument of the commands that read is. */
export const captureArgument =
  'pcap, pcapng or BinaryFILE, plain, gzip or Zstandard; several, or a quoted pattern, are merged in time order; ' +
  '- for standard input';

const protocolChoices: readonly ProtocolChoice[] = ['itch50', 'mdp3', 'none'];

/** Options that say how a file is to be read. */
export function addInputOptions(command: Command): Command {
  command
    .optionsGroup('Input:')
    .option(
      '--date <YYYY-MM-DD>',
      'day of a BinaryFILE, which carries none (default: from its name, else 1970-01-01)',
      refusing(parseDate),
    )
    .option('--frame-by-type', "frame BinaryFILE messages by their type's length where length prefixes are 0 or absent")
    .option('--recover', 'behind damage that ends a pcap or pcapng, look for the next plausible packet or block')
    .addOption(
      new Option('--timestamps <which>', "the capture's own, or those of hardware trailers where packets have one")
        .choices(['capture', 'trailer'])
        .default('capture'),
    );
  return addProtocolOptions(command)
    .option(
      '--templates <file>',
      "SBE templates of MDP in the exchange's XML, in place of the built-in ones of their version; may repeat",
      collectFiles,
    )
    .option('--channels <file>', "CME's config.xml: names channels and their lines A and B")
    .option('--definitions <capture>', 'a capture with the instrument definitions of MDP; may repeat', collectFiles);
}

/** Options that say what datagrams carry. */
export function addProtocolOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--protocol <name>', 'take every datagram as this, whatever it looks like').choices([
        ...protocolChoices,
      ]),
    )
    .option('--port-map <PORT=NAME,...>', 'the same by destination port, as in 26477=itch50,14310=mdp3', parsePortMap);
}

/** Options that choose messages. */
export function addFilterOptions(command: Command, sessionHelp = 'only this session'): Command {
  return command
    .optionsGroup('Filters (commas or repeats for alternatives):')
    .option('--destination <ADDRESS[:PORT]>', 'only datagrams to this address, address:port or :port', collect)
    .option('--session <NAME>', sessionHelp, collect)
    .option('--channel <N>', 'only these CME channels, as --channels names them', collect)
    .option('--feed <A|B>', 'only these lines of them', collect)
    .option(
      '--type <T>',
      'only these message types: A,F,U of ITCH, 46,MDIncrementalRefreshTradeSummary48 of MDP',
      collect,
    )
    .option(
      '--symbol <S>',
      'only these symbols (where a message has only a locate code or SecurityID, by that)',
      collect,
    )
    .option('--locate <N>', 'only these stock locate codes', collect)
    .option('--security-id <N>', 'only messages of MDP with an entry of these SecurityIDs', collect);
}

/** Options that say which flows are the lines A and B of a feed. */
export function addLineOptions(command: Command): Command {
  const form = '<ADDRESS:PORT[@IFACE]>';
  return command
    .optionsGroup('Lines (also by --channels, else those that carry the same):')
    .option(`--line-a ${form}`, 'line A is what is sent there, or by this sender; may repeat', collectLine)
    .option(`--line-b ${form}`, 'the same of line B', collectLine);
}

export function lineSpec({ lineA = [], lineB = [] }: LineFlags): LineSpec {
  const spec = { a: lineA, b: lineB };
  checkLines(spec);
  return spec;
}

function collectLine(text: string, before: LineEndpoint[] = []): LineEndpoint[] {
  return [...before, refusing(parseLineEndpoint)(text)];
}

/** Options that choose a span of time. */
export function addWindowOptions(command: Command): Command {
  const when = 'ISO 8601 time, epoch ns, New York time of day (09:30:00.123456789) or offset (+10s)';
  return command
    .option('--from <WHEN>', `skip what was captured before: ${when}`, refusing(parseWhen))
    .option('--until <WHEN>', 'end where what was captured after begins; as --from', refusing(parseWhen));
}

export function filterSpec(flags: FilterFlags): FilterSpec {
  return {
    destinations: flags.destination ?? [],
    sessions: flags.session ?? [],
    channels: flags.channel ?? [],
    feeds: (flags.feed ?? []).map((text) => text.toUpperCase()),
    types: flags.type ?? [],
    symbols: flags.symbol ?? [],
    locates: (flags.locate ?? []).map((text) => {
      if (!/^\d{1,5}$/.test(text)) throw new UsageError('locate', `--locate '${text}' is no number from 0 to 65535`);
      return Number(text);
    }),
    securityIds: (flags.securityId ?? []).map((text) => {
      const id = Number(text);
      if (/^-?\d{1,10}$/.test(text) && id === (id | 0)) return id;
      throw new UsageError('security-id', `--security-id '${text}' is no SecurityID, a whole number of 32 bits`);
    }),
  };
}

/** The input of a command; throws UsageError where a pattern matches no file. */
export function inputSpec(paths: readonly string[], flags: InputFlags): InputSpec {
  return inputSpecOf({
    paths: expandPaths(paths),
    date: flags.date ?? null,
    frameByType: flags.frameByType ?? false,
    recover: flags.recover ?? false,
    timestamps: flags.timestamps ?? 'capture',
    protocol: flags.protocol ?? null,
    portMap: flags.portMap ?? new Map(),
    templates: flags.templates ?? [],
    channels: flags.channels ?? null,
    definitions: expandPaths(flags.definitions ?? []),
  });
}

/** Wraps a parser so that commander names the option and value in its refusal. */
export function refusing<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

export const duration = refusing(parseDuration);

export const when = refusing(parseWhen);

/** A whole number of at least `least`. */
export function count(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`a whole number of at least ${least} is needed.`);
    }
    return value;
  };
}

/** A size in bytes of at least `least`. */
export function size(least: number): (text: string) => number {
  return (text) => {
    const bytes = parseBytes(text);
    if (!(bytes >= least)) throw new InvalidArgumentError(`a size of at least ${least} bytes is needed, as in 64MiB.`);
    return bytes;
  };
}

export function collect(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',').filter((part) => part !== '')];
}

/** Of an option that may repeat; names of files may hold commas. */
function collectFiles(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** Reads `PORT=NAME,PORT=NAME`. */
export function parsePortMap(text: string, before?: Map<number, ProtocolChoice>): Map<number, ProtocolChoice> {
  const map = new Map(before);
  for (const entry of text.split(',')) {
    const match = /^(\d{1,5})=(\w+)$/.exec(entry);
    const port = Number(match?.[1]);
    if (!match || port > 65535) throw new InvalidArgumentError(`'${entry}' is not PORT=NAME, as in 26477=itch50.`);
    if (!protocolChoices.includes(match[2] as ProtocolChoice)) {
      throw new InvalidArgumentError(`'${match[2]}' is no protocol; there are ${protocolChoices.join(', ')}.`);
    }
    map.set(port, match[2] as ProtocolChoice);
  }
  return map;
}
