import { describe, expect, test } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { mdp3, mdp3SchemaOf, mdp3Table, mdp3Versions } from '../../../src/protocol/mdp3/index.js';
import { createSbeCodec } from '../../../src/schema/sbe/codec.js';
import type { SbeMessage } from '../../../src/schema/sbe/schema.js';
import { createContradiction } from '../../../src/schema/sbe/strict.js';

describe('messages as their version has them', () => {
  test.each(mdp3Versions)('of version %i contradict neither its own schema nor the whole table', (version) => {
    const schema = mdp3SchemaOf(version);
    const codec = createSbeCodec(schema);
    const own = createContradiction(schema);
    const whole = createContradiction(mdp3Table, (one) => mdp3Versions.includes(one));
    // What a later schema knows of an earlier version are its fields alone.
    const later = createContradiction(mdp3SchemaOf(13));
    const random = new Random(`strict ${version}`);
    for (const message of schema.messages) {
      for (let round = 0; round < 20; round++) {
        const bytes = codec.generate(random, message);
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const merged = mdp3.messageOf(message.id) as SbeMessage;
        const found = [own(view, 0, bytes.length, message), whole(view, 0, bytes.length, merged)];
        if (merged.untilVersion === null) found.push(later(view, 0, bytes.length, merged));
        expect(
          found.filter((fault) => fault !== null),
          message.name,
        ).toEqual([]);
      }
    }
  });

  test('bytes behind the last group are told, and let be where the version is a later one', () => {
    const find = createContradiction(mdp3Table, () => true);
    const message = mdp3.messageOf(46) as SbeMessage;
    const bytes = mdp3.generate(new Random('rest'), message);
    const longer = new Uint8Array(bytes.length + 5);
    longer.set(bytes);
    const view = new DataView(longer.buffer);
    expect(find(view, 0, longer.length, message)).toEqual({
      code: 'sbe-rest',
      path: 'MDIncrementalRefreshBook46',
      offset: bytes.length,
      message: `5 bytes behind all that version 13 has, from byte ${bytes.length}`,
    });
    view.setUint16(6, 14, true);
    expect(find(view, 0, longer.length, message)).toBeNull();
  });
});
