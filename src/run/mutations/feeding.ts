/** How mutated packets get to a parser, and which kinds of mutation can be shown to it that way. */
import { UsageError } from '../../core/errors.js';
import type { MutationKind } from '../../sim/mutations/kind.js';
import type { MutationFraming, Packet } from '../../sim/mutations/model.js';
import type { ParserSpec } from '../parser-spec.js';
import type { FedWith } from './judge.js';

/** A kind that the parser cannot be shown, and why. */
export interface UnfitKind {
  readonly kind: MutationKind;
  readonly why: string;
}

/** What a parser is fed of a capture. */
export interface Feeding {
  readonly fed: FedWith;
  /** Packets that stretches are cut from: all of a capture; of a parser that has one socket, those of each flow. */
  readonly groups: readonly (readonly Packet[])[];
  readonly fit: readonly MutationKind[];
  readonly unfit: readonly UnfitKind[];
}

const datagramLayers = new Set(['session', 'stream', 'message', 'field']);
const messageLayers = new Set(['message', 'field']);

/**
 * Parts kinds by whether the parser can be shown them; those for other framings than the capture's are in neither.
 * Throws UsageError where there is nothing to show.
 */
export function feedingOf(
  parser: ParserSpec,
  fed: FedWith,
  captured: readonly Packet[],
  kinds: readonly MutationKind[],
): Feeding {
  const isUdp = parser.feed === 'udp' && parser.kind !== 'module';
  const takesDatagrams = isUdp || (parser.kind === 'module' && fed === 'packets');
  const packets = takesDatagrams ? captured.filter(({ flow }) => flow.transport === 'UDP') : captured;
  const groups = isUdp ? byFlow(packets) : [packets];
  const [shown, all] = [framingsOf(groups.flat()), framingsOf(captured)];
  const reasonOf = (kind: MutationKind): string | null => {
    if (!kind.framings.some((framing) => shown.has(framing))) return 'what came over TCP is not fed as datagrams';
    if (fed === 'messages') return messageLayers.has(kind.layer) ? null : 'the parser is fed messages alone';
    return isUdp ? whyNoDatagram(kind) : null;
  };
  const unfit: UnfitKind[] = [];
  const fit = kinds.filter((kind) => {
    if (!kind.framings.some((framing) => all.has(framing))) return false;
    const why = reasonOf(kind);
    if (why !== null) unfit.push({ kind, why });
    return why === null;
  });
  const [first] = unfit;
  if (fit.length === 0 && first !== undefined) {
    throw new UsageError('check-mutations', `none of these kinds can be shown to this parser: ${first.why}`);
  }
  return { fed, groups, fit, unfit };
}

/** Why what is sent from a socket cannot be changed so; null where it can. */
function whyNoDatagram({ name, layer }: MutationKind): string | null {
  if (!datagramLayers.has(layer)) return 'the system that sends a datagram writes its headers itself';
  return name === 'stamp-backwards' ? 'a datagram bears no time of a capture' : null;
}

function framingsOf(packets: readonly Packet[]): ReadonlySet<MutationFraming> {
  return new Set(packets.flatMap(({ framing }) => (framing === null ? [] : [framing])));
}

/** Flows with messages, the largest first: at one socket several would be numbered in each other's midst. */
function byFlow(packets: readonly Packet[]): Packet[][] {
  const flows = new Map<object, Packet[]>();
  for (const packet of packets) {
    if (packet.framing === null) continue;
    const flow = flows.get(packet.flow) ?? [];
    flows.set(packet.flow, flow);
    flow.push(packet);
  }
  return [...flows.values()].sort((a, b) => b.length - a.length);
}
