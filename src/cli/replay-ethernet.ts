/** The options of `replay` that are for raw Ethernet alone, and what is said of its frames. */
import { type Command, InvalidArgumentError } from 'commander';
import {
  type IpRule,
  type MacRule,
  type PortRule,
  parseIpRule,
  parseMacRule,
  parsePortRule,
  parseVlanRule,
  type RewriteRules,
  type VlanRule,
} from '../capture/rewrite-rules.js';
import { formatCounted } from '../core/time.js';
import type { ReplayReport, ReplaySpec } from '../run/replay-spec.js';
import { warn } from './summary.js';

export interface EthernetFlags {
  allFrames?: boolean;
  rewriteMac?: MacRule[];
  rewriteIp?: IpRule[];
  rewritePort?: PortRule[];
  rewriteVlan?: VlanRule[];
}

/** Adds the options. */
export function addEthernetOptions(command: Command): Command {
  return command
    .optionsGroup('Raw Ethernet (--to eth://INTERFACE):')
    .option('--all-frames', 'send every packet of the capture, also those that hold no UDP datagram')
    .option(
      '--rewrite-mac <rule>',
      '[src:|dst:]OLD=NEW, OLD an Ethernet address or any; may be repeated',
      each(parseMacRule),
    )
    .option(
      '--rewrite-ip <rule>',
      '[src:|dst:]OLD[/PREFIX]=NEW, OLD an address or any; with a prefix the rest of the address stays',
      each(parseIpRule),
    )
    .option('--rewrite-port <rule>', '[src:|dst:]OLD=NEW, OLD a port or any', each(parsePortRule))
    .option('--rewrite-vlan <rule>', 'OLD=NEW, OLD a VLAN, any or none, NEW a VLAN or none', each(parseVlanRule));
}

/** What the options ask for. */
export function ethernetSpec(flags: EthernetFlags): Pick<ReplaySpec, 'allFrames' | 'rewrite'> {
  const { allFrames = false, rewriteMac = [], rewriteIp = [], rewritePort = [], rewriteVlan = [] } = flags;
  const rewrite: RewriteRules = { macs: rewriteMac, ips: rewriteIp, ports: rewritePort, vlans: rewriteVlan };
  return { allFrames, rewrite };
}

/** Warns of frames that were not sent. */
export function warnOfFrames({ sink, target }: ReplayReport): void {
  const { framesTooLong = 0, longestFrameBytes = 0, mtuBytes = 0, framesUnframed = 0 } = sink;
  const iface = target.replace(/^eth:\/\/|\?.*$/g, '');
  if (framesTooLong > 0) {
    const frames = formatCounted(framesTooLong, 'frame');
    const mend = `sudo ip link set dev ${iface} mtu ${longestFrameBytes - ethernetHeaderBytes}`;
    warn(
      `${frames} of up to ${longestFrameBytes} bytes did not fit ${iface}, whose MTU is ${mtuBytes}; raise it: ${mend}`,
    );
  }
  if (framesUnframed > 0) {
    warn(`${formatCounted(framesUnframed, 'packet')} left out: their link layer tells no ethertype to send them by`);
  }
}

const ethernetHeaderBytes = 14;

/** A parser of an option that may be repeated. */
function each<Rule>(parse: (text: string) => Rule): (text: string, before: Rule[] | undefined) => Rule[] {
  return (text, before = []) => {
    try {
      return [...before, parse(text)];
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
  };
}
