/**
 * Instrument definitions: futures 27 and 54, options 41 and 55, spreads 29 and 56, fixed income 57, repurchase
 * agreements 58, foreign exchange 63. Each is encoded once; what changes during the day is written over.
 */
import type { SbeCodec } from '../../schema/sbe/codec.js';
import type { Instrument, InstrumentKind } from './instruments.js';
import type { Layouts, MessageLayout } from './layout.js';
import { incremental, instrumentReplay, type PacketQueue } from './packet-queue.js';
import { formatPrice } from './price-text.js';
import type { SessionClock } from './session-clock.js';

const sbeHeaderLength = 8;
/** The null of TotNumReports, which the incremental feed tells. */
const noTotal = 0xffff_ffff;
const endOfEvent = 0x80;
/** Templates by kind: prices with 7 decimals, prices with 9. */
const templates: Readonly<Record<InstrumentKind, readonly [number, number]>> = {
  future: [27, 54],
  spread: [29, 56],
  option: [41, 55],
  fixedIncome: [57, 57],
  repo: [58, 58],
  fx: [63, 63],
};
const securityTypes: Readonly<Record<InstrumentKind, string>> = {
  future: 'FUT',
  spread: 'FUT',
  option: 'OOF',
  fixedIncome: 'TBOND',
  repo: 'REPO',
  fx: 'FXSPOT',
};
const cfiCodes: Readonly<Record<InstrumentKind, string>> = {
  future: 'FFIXSX',
  spread: 'FMIXSX',
  option: 'OCAFPS',
  fixedIncome: 'DBFTFR',
  repo: 'LRSTXD',
  fx: 'IFXXXP',
};
/** InstAttribValue: electronic matching; implied matching of spreads; fractions. */
const attributes = 0x1;
const impliedAttribute = 1 << 19;
const daysToExpiry = 90;
const mostTradeVolume = 2_000_000_000;

/** Plain values of a message's fields. */
type Values = Record<string, unknown>;

export class Definitions {
  private readonly messages: Uint8Array[] = [];
  private readonly layouts: MessageLayout[] = [];
  private readonly updates: Float64Array;

  constructor(
    instruments: readonly Instrument[],
    layouts: Layouts,
    private readonly codec: SbeCodec,
    private readonly clock: SessionClock,
    private readonly queue: PacketQueue,
    private readonly channel: number,
    startNs: number,
  ) {
    this.updates = new Float64Array(instruments.length).fill(startNs);
    for (const instrument of instruments) {
      const [decimals7, decimals9] = templates[instrument.kind];
      const layout = layouts.get(instrument.family.decimals === 9 ? decimals9 : decimals7);
      this.layouts.push(layout);
      this.messages.push(this.encode(layout, instrument));
    }
  }

  /** When an instrument's definition last changed, in nanoseconds since midnight. */
  updatedNs(instrument: Instrument): number {
    return this.updates[instrument.index];
  }

  /** One of a round of so many. */
  replay(instrument: Instrument, total: number): void {
    this.put(instrument, instrumentReplay, total);
  }

  /** An instrument that is listed now. */
  announce(instrument: Instrument): void {
    this.updates[instrument.index] = this.queue.nowNs;
    this.put(instrument, incremental, noTotal);
  }

  private put(instrument: Instrument, feed: number, total: number): void {
    const { queue } = this;
    const { index } = instrument;
    const { root } = this.layouts[index];
    const message = this.messages[index];
    const view = new DataView(message.buffer, message.byteOffset + sbeHeaderLength);
    view.setUint32(root.at('TotNumReports'), total, true);
    view.setUint8(root.at('MDSecurityTradingStatus'), instrument.status);
    view.setUint8(root.at('MatchEventIndicator'), endOfEvent);
    queue.put(feed, this.layouts[index], message, root.at('LastUpdateTime'), this.updates[index]);
  }

  private encode(layout: MessageLayout, instrument: Instrument): Uint8Array {
    return this.codec.encode({
      templateId: layout.id,
      name: layout.name,
      ...this.common(instrument),
      ...this.prices(instrument),
      ...this.ofKind(instrument),
      ...this.groups(instrument),
    } as never);
  }

  private common(instrument: Instrument): Values {
    const { kind, securityId, index, month, year } = instrument;
    return {
      MatchEventIndicator: 0,
      TotNumReports: null,
      SecurityUpdateAction: 'A',
      LastUpdateTime: this.clock.epochNs(this.updates[index]),
      MDSecurityTradingStatus: instrument.status,
      ApplID: this.channel,
      MarketSegmentID: 64,
      UnderlyingProduct: 5,
      SecurityExchange: 'XTKR',
      SecurityGroup: instrument.securityGroup,
      Asset: instrument.asset,
      Symbol: instrument.symbol,
      SecurityID: securityId,
      SecurityType: securityTypes[kind],
      CFICode: cfiCodes[kind],
      MaturityMonthYear: { year, month, day: null, week: null },
      Currency: 'USD',
      SettlCurrency: 'USD',
      MatchAlgorithm: 'F',
      MinTradeVol: instrument.lot,
      MaxTradeVol: Math.min(mostTradeVolume, 10_000 * instrument.lot),
      UnitOfMeasure: kind === 'fx' ? 'Ccy' : 'CTRCT',
      UnitOfMeasureQty: kind === 'fx' ? null : '50',
      UserDefinedInstrument: 'N',
      SettlPriceType: 3,
      OpenInterestQty: instrument.openInterest,
      ClearedVolume: instrument.clearedVolume,
      TradingReferenceDate: this.clock.tradeDate - 1,
      SecuritySubType: kind === 'repo' ? 1 : 'SP',
      FinancialInstrumentFullName: `Generated ${kind} ${instrument.symbol}`.slice(0, 35),
      InstrumentGUID: String(8_000_000_000 + securityId),
      PriceQuoteMethod: kind === 'repo' ? 'INT' : 'PCTPR',
      RiskSet: 'RSK1',
      MarketSet: 'US',
      PartyRoleClearingOrg: 'TKCC',
    };
  }

  private prices(instrument: Instrument): Values {
    const { step, family, reference, limitDistance, kind } = instrument;
    const price = (steps: number) => formatPrice(steps * step, family.decimals);
    return {
      MinPriceIncrement: price(1),
      DisplayFactor: kind === 'future' ? '0.01' : '1',
      PriceRatio: kind === 'spread' ? '1' : null,
      TradingReferencePrice: price(reference),
      HighLimitPrice: price(reference + limitDistance),
      LowLimitPrice: price(reference - limitDistance),
      MaxPriceVariation: price(limitDistance),
      MinPriceIncrementAmount: '12.5',
      MaxPriceDiscretionOffset: price(0),
      AltMinPriceIncrement: price(1),
      MaxBidAskConstraint: null,
      AltPriceIncrementConstraint: null,
      MinCabPrice: null,
    };
  }

  private ofKind(instrument: Instrument): Values {
    const { clock } = this;
    const { tradeDate, year } = clock;
    switch (instrument.kind) {
      case 'option':
        return {
          PutOrCall: instrument.isCall ? 'Call' : 'Put',
          StrikePrice: String(1000 + 25 * (instrument.index % 300)),
          StrikeCurrency: 'USD',
        };
      case 'fixedIncome':
        return {
          IssueDate: tradeDate - 100,
          DatedDate: tradeDate - 100,
          MaturityDate: tradeDate + 3550,
          CouponRate: '4.125',
          ParValue: '100',
          CouponFrequencyUnit: 'Mth',
          CouponFrequencyPeriod: 6,
          CouponDayCount: 'ActAct',
          CountryOfIssue: 'US',
          Issuer: 'Generated Treasury',
          SecurityAltID: `91282T${String(instrument.index).padStart(3, '0')}`,
          SecurityAltIDSource: 'CUSIP',
        };
      case 'repo':
        return {
          StartDate: tradeDate,
          EndDate: tradeDate + 1,
          TerminationType: 'Overnt',
          MoneyOrPar: 'Money',
          MaxNoOfSubstitutions: 0,
          TermCode: 'ON',
          BrokenDateTermType: 0,
        };
      case 'fx':
        return {
          PriceQuoteCurrency: 'USD',
          PricePrecision: 5,
          FXCurrencySymbol: instrument.symbol.slice(0, 7),
          SettlType: 'B',
          InterveningDays: 2,
          FXBenchmarkRateFix: '',
          RateSource: '',
          FixRateLocalTime: '',
          FixRateLocalTimeZone: '',
          MinQuoteLife: 0,
          AltMinQuoteLife: null,
          SettlementLocale: 'NY',
          MaturityMonthYear: { year, month: clock.month, day: 7, week: null },
        };
      default:
        return {};
    }
  }

  private groups(instrument: Instrument): Values {
    const { clock } = this;
    const { kind, legs, securityId, symbol } = instrument;
    const dayNs = 86_400e9;
    const isImplied = kind === 'spread' && legs.length === 2;
    const feeds = [{ MDFeedType: 'GBX', MarketDepth: 10 }];
    return {
      NoEvents: [
        { EventType: 'Activation', EventTime: clock.epochNs(0) },
        { EventType: 'LastEligibleTradeDate', EventTime: clock.epochNs(daysToExpiry * dayNs) },
      ],
      NoMDFeedTypes: isImplied ? [...feeds, { MDFeedType: 'GBI', MarketDepth: 1 }] : feeds,
      NoInstAttrib: [{ InstAttribValue: isImplied ? attributes + impliedAttribute : attributes }],
      NoLotTypeRules: [{ LotType: 2, MinLotSize: String(instrument.lot) }],
      NoLegs: legs.map((leg, index) => ({
        LegSecurityID: leg.securityId,
        LegSide: index === 0 ? 'BuySide' : 'SellSide',
        LegRatioQty: 1,
        LegPrice: null,
        LegOptionDelta: null,
      })),
      NoUnderlyings: kind === 'repo' ? [this.collateral(instrument)] : legs.map(underlyingOf),
      NoRelatedInstruments:
        kind === 'repo'
          ? [{ RelatedSecurityID: securityId, RelatedSymbol: symbol, RelatedInstrumentGUID: null }]
          : legs.map((leg) => ({ RelatedSecurityID: leg.securityId, RelatedSymbol: leg.symbol })),
      NoBrokenDates: [
        {
          BrokenDateGUID: String(9_000_000_000 + securityId),
          BrokenDateSecurityID: securityId,
          BrokenDateStart: clock.tradeDate,
          BrokenDateEnd: clock.tradeDate + 3,
        },
      ],
      NoTradingSessions: [
        {
          TradeDate: clock.tradeDate,
          SettlDate: clock.tradeDate + 2,
          MaturityDate: clock.tradeDate + 2,
          SecurityAltID: `EZ${securityId}`,
        },
      ],
    };
  }

  private collateral({ index }: Instrument): Values {
    return {
      UnderlyingSymbol: 'GC',
      UnderlyingSecurityID: null,
      UnderlyingSecurityAltID: `91282R${String(index).padStart(3, '0')}`,
      UnderlyingSecurityAltIDSource: 'CUSIP',
      UnderlyingFinancialInstrumentFullName: 'Generated collateral',
      UnderlyingSecurityType: 'TBOND',
      UnderlyingCountryOfIssue: 'US',
      UnderlyingIssuer: 'Generated Treasury',
      UnderlyingMaxLifeTime: null,
      UnderlyingMinDaysToMaturity: null,
      UnderlyingInstrumentGUID: null,
      UnderlyingMaturityDate: this.clock.tradeDate + 3550,
    };
  }
}

function underlyingOf(leg: Instrument): Values {
  return { UnderlyingSecurityID: leg.securityId, UnderlyingSymbol: leg.symbol };
}
