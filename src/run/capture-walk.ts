/** A capture read once as a replay would play it, without playing it. */
import type { Protocols } from '../analysis/protocols.js';
import type { DatagramReader } from '../core/seams.js';
import type { DatagramGate } from '../replay/scheduled-reader.js';
import { CaptureWindow } from '../replay/window.js';
import { CaptureGate, packedGate } from './capture-gate.js';
import { type CaptureSource, windowOf } from './capture-source.js';
import type { ReplaySpec } from './replay-spec.js';

/** The gate of a spec; null for a source built from files of messages, which are filtered as they are packed. */
export function gateOf(spec: ReplaySpec, protocols: Protocols, source: CaptureSource): CaptureGate | null {
  if (source.kind === 'messages') return null;
  const window = new CaptureWindow(windowOf(spec));
  return new CaptureGate(spec.input, protocols, spec.filter, window, spec.allowTruncated);
}

/** Calls `visit` for each datagram that takes part in the first loop; the reader's view is valid until it returns. */
export async function walk(
  source: CaptureSource,
  captureGate: CaptureGate | null,
  visit: (reader: DatagramReader, gate: DatagramGate) => void,
): Promise<void> {
  const gate = captureGate ?? packedGate;
  for (;;) {
    const { reader } = source;
    if (!reader.next()) {
      if (reader.done) return;
      await source.fill();
      continue;
    }
    const verdict = gate.admit(reader);
    if (verdict === 'after') return;
    if (verdict === 'yes') visit(reader, gate);
  }
}
