/** The built-in table of MDP 3.0 against the exchange's template files and against facts written down beside it. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mdp3SchemaOf, mdp3Table, mdp3Versions } from '../../../src/protocol/mdp3/table.js';
import type { AnyGroup, SbeMessage, SbeType } from '../../../src/schema/sbe/schema.js';
import { checkTable } from '../../../src/schema/sbe/table.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';
import { capturePath, describeCaptures } from '../../support/captures.js';

/** Root block lengths by template id, in the versions 5, 6, 8, 9, 10, 11, 12, 13; null where a version lacks it. */
const rootBlocks: readonly [id: number, ...lengths: (number | null)[]][] = [
  [4, 9, 9, 9, 9, 9, 9, 9, 9],
  [12, 0, 0, 0, 0, 0, 0, 0, 0],
  [15, 1, 1, 1, 1, 1, 1, 1, 1],
  [16, 180, 180, 180, 180, 180, 180, 180, 180],
  [27, 214, 216, 216, 216, null, null, null, null],
  [29, 193, 195, 195, 195, null, null, null, null],
  [30, 30, 30, 30, 30, 30, 30, 30, 30],
  [32, 11, 11, 11, 11, null, null, null, null],
  [33, 11, 11, 11, 11, null, null, null, null],
  [34, 11, 11, 11, 11, null, null, null, null],
  [35, 11, 11, 11, 11, null, null, null, null],
  [36, 11, 11, 11, null, null, null, null, null],
  [37, 11, 11, 11, 11, 11, 11, 11, 11],
  [38, 59, 59, 59, 59, null, null, null, null],
  [39, 35, 35, 35, 35, 35, 35, 35, 35],
  [41, 211, 213, 213, 213, null, null, null, null],
  [42, 11, 11, 11, 11, null, null, null, null],
  [43, null, null, 11, 11, null, null, null, null],
  [44, null, null, 28, 28, null, null, null, null],
  [46, null, null, null, 11, 11, 11, 11, 11],
  [47, null, null, null, 11, 11, 11, 11, 11],
  [48, null, null, null, 11, 11, 11, 11, 11],
  [49, null, null, null, 11, 11, 11, 11, 11],
  [50, null, null, null, 11, 11, 11, 11, 11],
  [51, null, null, null, 11, 11, 11, 11, 11],
  [52, null, null, null, 59, 59, 59, 59, 59],
  [53, null, null, null, 28, 28, 28, 28, 28],
  [54, null, null, null, 216, 224, 224, 224, 224],
  [55, null, null, null, 213, 221, 221, 221, 221],
  [56, null, null, null, 195, 255, 255, 255, 255],
  [57, null, null, null, null, 338, 338, 338, 338],
  [58, null, null, null, null, 255, 275, 275, 276],
  [59, null, null, null, null, 13, 13, 13, 13],
  [60, null, null, null, null, 30, 30, 30, 30],
  [61, null, null, null, null, 37, 37, 37, 37],
  [62, null, null, null, null, null, 11, 11, 11],
  [63, null, null, null, null, null, null, 309, 337],
  [64, null, null, null, null, null, null, 11, 11],
  [65, null, null, null, null, null, null, 11, 11],
  [66, null, null, null, null, null, null, 11, 11],
  [67, null, null, null, null, null, null, 11, 11],
  [68, null, null, null, null, null, null, 37, 37],
  [69, null, null, null, null, null, null, 59, 59],
];

/** What versions added to messages that were there before: message, version, fields and groups. */
const additions: readonly [id: number, version: number, names: readonly string[]][] = [
  [27, 6, ['TradingReferenceDate']],
  [29, 6, ['TradingReferenceDate']],
  [41, 6, ['TradingReferenceDate']],
  [32, 7, ['NoOrderIDEntries']],
  [41, 7, ['NoRelatedInstruments']],
  [42, 7, ['NoMDEntries.MDTradeEntryID']],
  [35, 8, ['NoMDEntries.MDEntrySize']],
  [46, 10, ['NoMDEntries.TradeableSize']],
  [54, 10, ['InstrumentGUID']],
  [55, 10, ['InstrumentGUID']],
  [56, 10, ['PriceQuoteMethod', 'RiskSet', 'MarketSet', 'InstrumentGUID', 'FinancialInstrumentFullName']],
  [58, 11, ['TermCode', 'NoUnderlyings.UnderlyingInstrumentGUID', 'NoUnderlyings.UnderlyingMaturityDate']],
  [58, 13, ['BrokenDateTermType', 'NoBrokenDates']],
  [63, 13, ['AltMinPriceIncrement', 'AltMinQuoteLife', 'AltPriceIncrementConstraint', 'MaxBidAskConstraint']],
];

describe('MDP 3.0 table', () => {
  it('has the root block lengths of every message in every version', () => {
    expect(mdp3Versions).toEqual([5, 6, 8, 9, 10, 11, 12, 13]);
    const schemas = mdp3Versions.map((version) => mdp3SchemaOf(version));
    const found = mdp3Table.messages.map(({ id }) => [
      id,
      ...schemas.map(({ messages }) => messages.find((message) => message.id === id)?.blockLength ?? null),
    ]);
    expect(found).toEqual(rootBlocks);
  });

  it('contradicts itself nowhere, in no version: a start does not check it', () => {
    for (const schema of [mdp3Table, ...mdp3Versions.map(mdp3SchemaOf)]) expect(() => checkTable(schema)).not.toThrow();
    const [first] = mdp3Table.messages;
    expect(() => checkTable({ ...mdp3Table, messages: [first, first] })).toThrow('template id 4');
  });

  it('has what each version added', () => {
    const found = mdp3Table.messages.flatMap((message) => laterParts(message));
    expect(found.sort(byPlace)).toEqual(
      additions.flatMap(([id, version, names]) => names.map((name) => [id, version, name])).sort(byPlace),
    );
  });

  it('has the group block lengths that grew', () => {
    const underlyings = (version: number) =>
      mdp3SchemaOf(version)
        .messages.find(({ id }) => id === 58)
        ?.groups.find(({ name }) => name === 'NoUnderlyings')?.blockLength;
    expect([10, 11, 12, 13].map(underlyings)).toEqual([108, 118, 118, 118]);
  });

  it('has the names that a version used', () => {
    const names = (version: number, id: number, group: string, field: string) => {
      const message = mdp3SchemaOf(version).messages.find((candidate) => candidate.id === id);
      const fields = group === '' ? message?.fields : message?.groups.find(({ name }) => name === group)?.fields;
      const type = fields?.find(({ name }) => name === field)?.type;
      return type?.kind === 'enum'
        ? type.values.map(({ name }) => name)
        : type?.kind === 'set'
          ? type.choices.map(({ name }) => name)
          : [];
    };
    expect([5, 6, 9].map((version) => names(version, 38, 'NoMDEntries', 'MDEntryType').slice(3, 8))).toEqual([
      ['OpeningPrice', 'SettlementPrice', 'TradingSessionHighPrice', 'TradingSessionLowPrice', 'TradeVolume'],
      ['OpenPrice', 'SettlementPrice', 'TradingSessionHighPrice', 'TradingSessionLowPrice', 'ClearedVolume'],
      ['OpenPrice', 'SettlementPrice', 'TradingSessionHighPrice', 'TradingSessionLowPrice', 'ClearedVolume'],
    ]);
    expect([8, 9].map((version) => names(version, 27, '', 'SettlPriceType')[0])).toEqual(['Final', 'FinalDaily']);
    expect([9, 10].map((version) => names(version, 54, '', 'MDSecurityTradingStatus').length)).toEqual([11, 11]);
    expect(names(13, 54, '', 'MDSecurityTradingStatus').slice(-2)).toEqual(['PrivateWorkup', 'PublicWorkup']);
  });

  it('says which versions there are', () => {
    expect(() => mdp3SchemaOf(7)).toThrow('MDP 3.0 version 7 is not built in: 5, 6, 8, 9, 10, 11, 12, 13 are');
    expect(mdp3SchemaOf(9)).toBe(mdp3SchemaOf(9));
  });
});

describeCaptures('MDP 3.0 template files', () => {
  for (const version of mdp3Versions) {
    const path = capturePath(`cme-templates/mdp3-v${version}.xml`);
    it(`version ${version}: every message, field, type and value is the exchange's`, () => {
      expect(existsSync(path)).toBe(true);
      const theirs = readSbeXml(readFileSync(path, 'utf8'), `mdp3-v${version}.xml`);
      const { messages: ourMessages, ...ours } = mdp3SchemaOf(version);
      const { messages: theirMessages, ...their } = theirs;
      expect(ours).toEqual(their);
      expect(ourMessages.map(({ name }) => name)).toEqual(theirMessages.map(({ name }) => name));
      for (const [index, message] of ourMessages.entries())
        expect(plainBlock(message)).toEqual(plainBlock(theirMessages[index]));
    });
  }
});

type Place = readonly [id: number, version: number, name: string];

function byPlace(one: readonly (string | number)[], other: readonly (string | number)[]): number {
  return String(one) < String(other) ? -1 : 1;
}

/** Fields and groups that are younger than their message, without those of groups that are younger themselves. */
function laterParts(message: SbeMessage): Place[] {
  const within = (block: SbeMessage | AnyGroup, path: string): Place[] =>
    [...block.fields, ...block.groups].flatMap((part): Place[] => {
      if (part.sinceVersion > Math.max(message.sinceVersion, 5))
        return [[message.id, part.sinceVersion, path + part.name]];
      return 'fields' in part ? within(part, `${path}${part.name}.`) : [];
    });
  return within(message, '');
}

/** A block without descriptions, without what a file may say in two places, and with the names of inline types left out. */
function plainBlock(block: SbeMessage | AnyGroup): object {
  const { fields, groups, description, ...rest } = block;
  // Version 11 and 12 give message 62 no semantic type, version 13 does.
  const semanticType = block.id === 62 ? 'X' : block.semanticType;
  return {
    ...rest,
    semanticType,
    fields: fields.map(({ description: _, type, ...field }) => ({
      ...field,
      type: plainType(type, type.sinceVersion),
    })),
    groups: groups.map(plainBlock),
  };
}

/** Versions 5 to 8 say of two enums' values what later files say of the enums: since when they are there. */
function plainType(type: SbeType, sinceVersion: number): object {
  const { description, ...rest } = type;
  if (rest.kind === 'encoding') return rest;
  if (rest.kind === 'composite') {
    const members = rest.members.map(({ type: inner, ...member }) => ({
      ...member,
      type: { ...plainType(inner, 0), name: '' },
    }));
    return { ...rest, members };
  }
  const since = <Part extends { sinceVersion: number; description: string }>({ description: _, ...part }: Part) => ({
    ...part,
    sinceVersion: Math.max(part.sinceVersion, sinceVersion),
  });
  if (rest.kind === 'set') return { ...rest, choices: rest.choices.map(since) };
  return { ...rest, sinceVersion: 0, values: rest.values.map(since) };
}
