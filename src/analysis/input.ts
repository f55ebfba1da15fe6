/** What a run reads and as what: plain data, so that it can be posted to a worker. */
import { UsageError } from '../core/errors.js';
import type { DamageHandler, Flow } from '../core/seams.js';
import { type CaptureFile, type OpenCaptureOptions, openCapture } from '../io/open-capture.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { FilterSpec } from '../replay/filter.js';

/** What a datagram may be told to be; `none` leaves it undecoded. */
export type ProtocolChoice = 'itch50' | 'none';

export interface InputSpec {
  /** A file, or `-` for standard input. */
  path: string;
  /** Day of a BinaryFILE, `YYYY-MM-DD`; null: from the file's name, else 1970-01-01. */
  date: string | null;
  /** Frame BinaryFILE messages by their type's length where the prefix is 0 or absent. */
  frameByType: boolean;
  /** Overrides recognition for every flow. */
  protocol: ProtocolChoice | null;
  /** Overrides recognition by destination port, and goes before `protocol`. */
  portMap: ReadonlyMap<number, ProtocolChoice>;
}

/** Opens the input; rejects with CaptureError where it cannot be read or recognised at all. */
export function openInput(
  spec: InputSpec,
  onDamage: DamageHandler,
  options: Pick<OpenCaptureOptions, 'flows' | 'readAhead'> = {},
): Promise<CaptureFile> {
  return openCapture(spec.path, {
    lengthOf: itch50.lengthOf,
    timestampOf: itch50.timestampOf,
    frameByType: spec.frameByType,
    ...(spec.date === null ? {} : { date: spec.date }),
    onDamage,
    ...options,
  });
}

/** Throws UsageError where a filter asks for what a BinaryFILE does not have. */
export function refuseFilters(file: CaptureFile, filter: Pick<FilterSpec, 'destinations' | 'sessions'>): void {
  if (file.kind !== 'messages') return;
  if (filter.destinations.length > 0) {
    throw new UsageError(
      'destination',
      `${file.name} is a BinaryFILE: it has no destinations; leave --destination out`,
    );
  }
  if (filter.sessions.length > 0) {
    throw new UsageError('session', `${file.name} is a BinaryFILE: it names no session; leave --session out`);
  }
}

/** What the user said that a flow is; undefined leaves it to recognition. */
export function chosenProtocol(spec: InputSpec, flow: Flow | null): ProtocolChoice | undefined {
  return (flow === null ? undefined : spec.portMap.get(flow.destinationPort)) ?? spec.protocol ?? undefined;
}

/** The same for the session layer, which knows framings only. */
export function forcedFraming(spec: InputSpec): (flow: Flow) => 'moldudp64' | 'none' | undefined {
  return (flow) => {
    const choice = chosenProtocol(spec, flow);
    return choice === 'itch50' ? 'moldudp64' : choice;
  };
}
