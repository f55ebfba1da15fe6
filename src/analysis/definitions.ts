/** What a run has to know before it begins: schemas, channels, and captures read for their definitions alone. */

import { itch50 } from '../protocol/itch50/index.js';
import { SessionDemux } from '../session/demux.js';
import { CaptureInput } from './capture-input.js';
import type { FileDamage } from './damage-log.js';
import { forcedFraming, type InputSpec } from './input.js';
import { isMdp3, loadProtocols, type Protocols } from './protocols.js';

/** Reads all that the input names beside its captures; rejects with CaptureError or SchemaError. */
export async function openProtocols(spec: InputSpec, onDamage: (damage: FileDamage) => void): Promise<Protocols> {
  const protocols = loadProtocols(spec);
  await readDefinitions(spec, protocols, onDamage);
  return protocols;
}

/** Shows `protocols` every MDP message of `spec.definitions`; rejects with CaptureError where one cannot be read. */
async function readDefinitions(
  spec: InputSpec,
  protocols: Protocols,
  onDamage: (damage: FileDamage) => void,
): Promise<void> {
  if (spec.definitions.length === 0) return;
  const own: InputSpec = { ...spec, paths: spec.definitions, definitions: [], overlay: null };
  const input = await CaptureInput.open(own, (damage, file) => onDamage({ file, ...damage }));
  const demux = new SessionDemux(
    {
      onMessage(view, offset, length, _timestampNs, _sequence, stream) {
        if (isMdp3(stream) && protocols.mdp3.isKnown(view, offset, length)) protocols.mdp3.learn(view, offset, length);
      },
      onDamage: (damage) => onDamage({ file: input.currentName, ...damage }),
    },
    { lengthOf: itch50.lengthOf, mdp3: protocols.mdp3, force: forcedFraming(own) },
  );
  const { reader } = input;
  try {
    for (;;) {
      while (reader.next()) {
        const { view, offset, length, flow, join = 'next', packetNumber, fileOffset } = reader;
        if (flow === undefined) continue;
        if (flow.transport === 'UDP') demux.datagram(view, offset, length, 0, flow, packetNumber, fileOffset);
        else demux.segment(view, offset, length, 0, flow, join, packetNumber, fileOffset);
      }
      if (reader.done) break;
      await input.fill();
    }
    demux.finish();
  } finally {
    await input.close();
  }
  protocols.mdp3.securities.keep();
  if (protocols.mdp3.securities.count > 0) return;
  const message = 'No instrument definitions of MDP 3.0 are in it, so --definitions gives no symbols.';
  onDamage({ file: input.name, code: 'no-definitions', message, record: 0, offset: 0 });
}
