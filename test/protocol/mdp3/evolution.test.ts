/**
 * Schema evolution: messages of one version read with the schema of another give every field that both know, null for
 * those that only the reader knows, and what was skipped is said.
 */
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { mdp3, mdp3SchemaOf, mdp3Versions } from '../../../src/protocol/mdp3/index.js';
import { createSbeCodec, type SbeCodec } from '../../../src/schema/sbe/codec.js';
import type { SbeInput } from '../../../src/schema/sbe/plain-values.js';
import type { SbeSkip } from '../../../src/schema/sbe/skipped.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';
import { describeCaptures, readCapture } from '../../support/captures.js';
import { shared, unknownTo } from './evolution.js';

const pairs = mdp3Versions.slice(1).map((version, index) => [mdp3Versions[index] as number, version] as const);
const seed = 20_230_411;

const book = { templateId: 46, TransactTime: '1', MatchEventIndicator: ['EndOfEvent'] };
const level = {
  ...{ MDEntryPx: '12.5', MDEntrySize: 3, SecurityID: 5, RptSeq: 1, NumberOfOrders: null, MDPriceLevel: 1 },
  ...{ MDUpdateAction: 'New', MDEntryType: 'Bid' },
};
const order = { OrderID: 8, MDOrderPriority: 9, MDDisplayQty: 1, ReferenceID: 1, OrderUpdateAction: 'New' };

const builtIn = codecsOf((version) => createSbeCodec(mdp3SchemaOf(version)));
const fromXml = codecsOf((version) => {
  const file = `cme-templates/mdp3-v${version}.xml`;
  return createSbeCodec(readSbeXml(new TextDecoder().decode(readCapture(file)), file));
});

describe('adjacent versions of the built-in table', () => {
  it.each(pairs)('%i and %i, either read as the other', (older, newer) => {
    expectBoth(builtIn(older), builtIn(newer));
  });

  it.each(mdp3Versions)('the whole table reads messages of version %i as that version does', (version) => {
    const codec = builtIn(version);
    const random = new Random(`${seed} ${version}`);
    for (const message of codec.schema.messages) {
      for (let round = 0; round < 2; round++) {
        const bytes = codec.generate(random, message, { maxBytes: 300 });
        const view = new DataView(bytes.buffer);
        const own = codec.toObject(view, 0, bytes.length);
        const values = mdp3.toObject(view, 0, bytes.length);
        expect(values, message.name).toMatchObject(own as object);
        expect([...mdp3.encode(values ?? {})], message.name).toEqual([...bytes]);
        expect(mdp3.skipped(view, 0, bytes.length)).toEqual([]);
      }
    }
  });
});

describe('what an older version says that it skipped', () => {
  const between = (older: number, newer: number) =>
    `bytes between the fields of version ${older}, where version ${newer} may have its own`;
  const cases: readonly [what: string, writer: number, reader: number, values: SbeInput, skips: readonly SbeSkip[]][] =
    [
      [
        'a field put into padding',
        10,
        9,
        { ...book, NoMDEntries: [{ ...level, TradeableSize: 7 }, level], NoOrderIDEntries: [] },
        [
          { path: 'MDIncrementalRefreshBook46', bytes: 2, reason: between(9, 10) },
          { path: 'MDIncrementalRefreshBook46.NoMDEntries', bytes: 10, reason: between(9, 10) },
        ],
      ],
      [
        'a longer block',
        6,
        5,
        { ...mdp3.toObject(...definition()), version: 6 },
        [
          {
            path: 'MDInstrumentDefinitionFuture27',
            bytes: 2,
            reason: 'the block has 216 bytes, 214 of them in version 5',
          },
        ],
      ],
      [
        'a group behind the last',
        8,
        6,
        {
          ...book,
          templateId: 32,
          name: undefined,
          NoMDEntries: [{ ...level, TradeableSize: null }],
          NoOrderIDEntries: [order],
        },
        [
          { path: 'MDIncrementalRefreshBook32', bytes: 2, reason: between(6, 8) },
          { path: 'MDIncrementalRefreshBook32.NoMDEntries', bytes: 5, reason: between(6, 8) },
          {
            path: 'MDIncrementalRefreshBook32',
            bytes: 32,
            reason: 'bytes behind the last group and data of version 6',
          },
        ],
      ],
    ];
  it.each(cases)('%s: version %i read as %i', (_, writer, reader, values, skips) => {
    const bytes = builtIn(writer).encode(values);
    expect(builtIn(reader).skipped(new DataView(bytes.buffer), 0, bytes.length)).toEqual(skips);
    expect(builtIn(writer).skipped(new DataView(bytes.buffer), 0, bytes.length)).toEqual([]);
  });
});

describeCaptures("adjacent versions of the exchange's files", () => {
  it.each(pairs)('%i and %i, either read as the other', (older, newer) => {
    expectBoth(fromXml(older), fromXml(newer));
  });
});

function expectBoth(older: SbeCodec, newer: SbeCodec): void {
  expectShared(older, newer);
  expectShared(newer, older);
}

/** Messages of the writer's version, as the reader has them. */
function expectShared(writer: SbeCodec, reader: SbeCodec): void {
  const random = new Random(`${seed} ${writer.schema.version} ${reader.schema.version}`);
  const counted = { read: 0, unknown: 0 };
  for (const message of writer.schema.messages) {
    const counterpart = reader.messageOf(message.id);
    for (let round = 0; round < 3; round++) {
      const bytes = writer.generate(random, message, { maxBytes: 300 });
      const view = new DataView(bytes.buffer);
      const own = writer.toObject(view, 0, bytes.length) ?? {};
      const values = reader.toObject(view, 0, bytes.length);
      const skipped = reader.skipped(view, 0, bytes.length);
      if (counterpart === undefined) {
        const { id, version } = writer.schema;
        const reason = `mktdata ${reader.schema.version} has no template ${message.id} of schema ${id} version ${version}`;
        expect([values, skipped]).toEqual([null, [{ path: 'mktdata', bytes: bytes.length, reason }]]);
        counted.unknown++;
        continue;
      }
      const place = `${message.name}, seed ${seed}`;
      expect(shared(counterpart, message, values ?? {}), place).toEqual(shared(message, counterpart, own));
      for (const { name } of [...counterpart.fields, ...counterpart.groups]) {
        if (!(name in own)) expect(values?.[name], `${place}: ${name}`).toBeNull();
      }
      const told = skipped.map(({ path, reason }) => `${path} ${kindOf(reason)}`);
      if (reader.schema.version > writer.schema.version) expect(told, place).toEqual([]);
      else expect(told, place).toEqual(expect.arrayContaining(unknownTo(counterpart, message, own, message.name)));
      counted.read++;
    }
  }
  expect(counted.read).toBeGreaterThan(0);
}

function kindOf(reason: string): string {
  if (reason.startsWith('bytes between the fields')) return 'between';
  return reason.startsWith('the block has') ? 'behind' : 'trailing';
}

/** A future's definition of version 6 with no entries in its groups. */
function definition(): [DataView, number, number] {
  const bytes = mdp3.generate(new Random(1), mdp3.messageOf(27), { version: 6, maxBytes: 0 });
  return [new DataView(bytes.buffer), 0, bytes.length];
}

/** Codecs by version, each built once, when it is first asked for. */
function codecsOf(build: (version: number) => SbeCodec): (version: number) => SbeCodec {
  const built = new Map<number, SbeCodec>();
  return (version) => {
    const codec = built.get(version) ?? build(version);
    built.set(version, codec);
    return codec;
  };
}
