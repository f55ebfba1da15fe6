/** What a run reads and as what: plain data, so that it can be posted to a worker. */
import { UsageError } from '../core/errors.js';
import type { Flow } from '../core/seams.js';
import type { FilterSpec } from '../replay/filter.js';
import type { ForcedFraming } from '../session/demux.js';

/** What a flow may be told to be; `none` leaves it undecoded. */
export type ProtocolChoice = 'itch50' | 'mdp3' | 'none';

export interface InputSpec {
  /** Files, read as one in the order of their time stamps; `-` is standard input. */
  paths: readonly string[];
  /** Day of a BinaryFILE, `YYYY-MM-DD`; null: from the file's name, else 1970-01-01. */
  date: string | null;
  /** Frame BinaryFILE messages by their type's length where the prefix is 0 or absent. */
  frameByType: boolean;
  /** Behind damage that ends a pcap or pcapng, look for the next plausible packet or block. */
  recover: boolean;
  /** Which time stamps hold: the capture's, or those of hardware trailers where packets have one. */
  timestamps: 'capture' | 'trailer';
  /** Overrides recognition for every flow. */
  protocol: ProtocolChoice | null;
  /** Overrides recognition by destination port, and goes before `protocol`. */
  portMap: ReadonlyMap<number, ProtocolChoice>;
  /** XML files of SBE templates for MDP, in place of the built-in ones of their schema. */
  templates: readonly string[];
  /** CME's channel configuration; null where none is given. */
  channels: string | null;
  /** Captures whose instrument definitions are read before anything else. */
  definitions: readonly string[];
  /** Lay the captures over each other: where each begins, ns after the first one's beginning. Null: by their stamps. */
  overlay: readonly number[] | null;
}

/** What a caller may give: a path, several, or a spec of which all but the path may be left out. */
export type Input = string | readonly string[] | (Partial<InputSpec> & { path?: string });

/** The whole spec of an input; throws UsageError where it names no file or more than are read at once. */
export function inputSpecOf(input: Input): InputSpec {
  const { path, ...given } = typeof input === 'string' ? { path: input } : isList(input) ? { paths: input } : input;
  const paths = given.paths ?? (path === undefined ? [] : [path]);
  if (paths.length === 0) throw new UsageError('input', 'name a capture to read, or - for standard input');
  if (paths.length > maxInputs) {
    throw new UsageError('input', `${paths.length} captures are more than the ${maxInputs} that are read in one run`);
  }
  if (paths.filter(isStandardInput).length > 1) throw new UsageError('input', 'standard input (-) can be read once');
  const defaults: Omit<InputSpec, 'paths'> = {
    date: null,
    frameByType: false,
    recover: false,
    timestamps: 'capture',
    protocol: null,
    portMap: new Map(),
    templates: [],
    channels: null,
    definitions: [],
    overlay: null,
  };
  return { ...defaults, ...given, paths };
}

/** The most files of one run. */
export const maxInputs = 1024;

export function isStandardInput(path: string): boolean {
  return path === '-';
}

/** The input in a report: its path, or how many files it has. */
export function inputName({ paths }: Pick<InputSpec, 'paths'>): string {
  const [first = ''] = paths;
  return paths.length > 1 ? `${paths.length} captures` : isStandardInput(first) ? 'standard input' : first;
}

/** Throws UsageError where a filter asks for what a BinaryFILE does not have. */
export function refuseFilters(name: string, filter: Pick<FilterSpec, 'destinations' | 'sessions'>): void {
  if (filter.destinations.length > 0) {
    throw new UsageError('destination', `${name} is a BinaryFILE: it has no destinations; leave --destination out`);
  }
  if (filter.sessions.length > 0) {
    throw new UsageError('session', `${name} is a BinaryFILE: it names no session; leave --session out`);
  }
}

/** What the user said that a flow is; undefined leaves it to recognition. */
export function chosenProtocol(spec: InputSpec, flow: Flow | null): ProtocolChoice | undefined {
  return (flow === null ? undefined : spec.portMap.get(flow.destinationPort)) ?? spec.protocol ?? undefined;
}

/** The same for the session layer, which knows framings only. */
export function forcedFraming(spec: InputSpec): (flow: Flow) => ForcedFraming {
  return (flow) => {
    const choice = chosenProtocol(spec, flow);
    if (choice !== 'itch50') return choice;
    return flow.transport === 'TCP' ? 'soupbintcp' : 'moldudp64';
  };
}

function isList(input: Exclude<Input, string>): input is readonly string[] {
  return Array.isArray(input);
}
