/** Real captures as frames: every packet that can be one is, as it was or rewritten, and nothing is spoilt on the way. */
import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { LINKTYPE_ETHERNET } from '../../src/capture/ethernet.js';
import { Framer } from '../../src/capture/framer.js';
import {
  noRewriting,
  parseIpRule,
  parseMacRule,
  parsePortRule,
  parseVlanRule,
} from '../../src/capture/rewrite-rules.js';
import { describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { pcap } from './build.js';
import { read } from './drive.js';

const longestBytes = 2_000_000;
const rules = {
  macs: [parseMacRule('any=02:00:00:00:00:01')],
  ips: [parseIpRule('src:0.0.0.0/1=1.2.3.4'), parseIpRule('dst:any=239.4.5.6'), parseIpRule('any=fd00::5')],
  ports: [parsePortRule('any=77')],
  vlans: [parseVlanRule('any=none'), parseVlanRule('none=5')],
};

function bytesOf({ view, offset, length }: Framer): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

describeCaptures('frames of real captures', () => {
  test.each(['formats', 'itch50', 'mdp3', 'other'])('%s', (folder) => {
    let frames = 0;
    for (const file of listCaptures(folder)) {
      const bytes = readCapture(file);
      if (bytes.length > longestBytes) continue;
      const reader = new CaptureReader({ onDamage: () => {}, allFrames: true });
      reader.push(bytes);
      reader.end();
      const plain = new Framer({ rules: noRewriting, checksums: 'keep' });
      const rewriting = new Framer({ rules, checksums: 'keep' });
      const rewritten: { data: Uint8Array; original: number }[] = [];
      while (reader.next()) {
        const { frame, view, offset, length, flow } = reader;
        if (frame === null) throw new Error(`${file}, packet ${reader.packetNumber}: no frame`);
        const isMade = plain.make(frame, view, offset, length, flow);
        expect(rewriting.make(frame, view, offset, length, flow)).toBe(isMade);
        if (!isMade) continue;
        frames++;
        if (frame.linkType === LINKTYPE_ETHERNET) {
          const isInPlace = plain.view === frame.view && plain.offset === frame.offset && plain.length === frame.length;
          expect(isInPlace, `${file}, packet ${reader.packetNumber}`).toBe(true);
        }
        expect(plain.length).toBe(plain.lengthOf(frame, length, flow));
        expect(rewriting.length).toBe(rewriting.lengthOf(frame, length, flow));
        const original = rewriting.length + frame.wireLength - frame.length;
        if (length > 0) rewritten.push({ data: bytesOf(rewriting), original });
      }
      const before = reader.counts;
      const { counts } = read(pcap(rewritten));
      expect(counts.badIpChecksums, file).toBeLessThanOrEqual(before.badIpChecksums);
      expect(counts.badUdpChecksums, file).toBeLessThanOrEqual(before.badUdpChecksums);
      expect(counts.datagrams, file).toBe(rewritten.length);
    }
    expect(frames).toBeGreaterThan(0);
  });
});
