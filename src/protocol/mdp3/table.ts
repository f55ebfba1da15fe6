/**
 * CME MDP 3.0 (SBE schema 1, `mktdata`) as one table: every message of the versions 5, 6, 8, 9, 10, 11, 12 and 13.
 *
 * Written from the facts that the exchange publishes in its template files: names, tags, offsets, types, values. Later
 * versions only add to a message, so one table tells them all; what else changed says so (`formerLengths`, `renamed`).
 */
import { UsageError } from '../../core/errors.js';
import type { SbeSchema } from '../../schema/sbe/schema.js';
import { schema } from '../../schema/sbe/table.js';
import { schemaAt } from '../../schema/sbe/version.js';
import * as admin from './admin.js';
import * as definitions from './definitions.js';
import * as definitions7 from './definitions-7.js';
import * as definitionsCash from './definitions-cash.js';
import * as incremental from './incremental.js';
import * as snapshots from './snapshots.js';
import * as statistics from './statistics.js';
import { messageHeader } from './types.js';

/** The versions that the table holds, and the dates that their template files bear. */
const dates: Readonly<Record<number, string>> = {
  5: '20140806',
  6: '20150109',
  8: '20160701',
  9: '20180308',
  10: '20190726',
  11: '20200303',
  12: '20210310',
  13: '20230411',
};

/** Versions of the schema that `mdp3SchemaOf` knows, oldest first. */
export const mdp3Versions: readonly number[] = Object.keys(dates).map(Number);

/** The messages of every version, by template id; those that are gone say until when they were there. */
// Checked by a test: to check it at each start takes as long as to build it.
export const mdp3Table = schema(
  {
    package: 'mktdata',
    id: 1,
    version: 13,
    semanticVersion: 'FIX5SP2',
    description: dates[13],
    header: messageHeader,
    messages: [
      admin.channelReset4,
      admin.adminHeartbeat12,
      admin.adminLogin15,
      admin.adminLogout16,
      definitions7.mdInstrumentDefinitionFuture27,
      definitions7.mdInstrumentDefinitionSpread29,
      admin.securityStatus30,
      incremental.mdIncrementalRefreshBook32,
      statistics.mdIncrementalRefreshDailyStatistics33,
      statistics.mdIncrementalRefreshLimitsBanding34,
      statistics.mdIncrementalRefreshSessionStatistics35,
      incremental.mdIncrementalRefreshTrade36,
      statistics.mdIncrementalRefreshVolume37,
      snapshots.snapshotFullRefresh38,
      admin.quoteRequest39,
      definitions7.mdInstrumentDefinitionOption41,
      incremental.mdIncrementalRefreshTradeSummary42,
      incremental.mdIncrementalRefreshOrderBook43,
      snapshots.snapshotFullRefreshOrderBook44,
      incremental.mdIncrementalRefreshBook46,
      incremental.mdIncrementalRefreshOrderBook47,
      incremental.mdIncrementalRefreshTradeSummary48,
      statistics.mdIncrementalRefreshDailyStatistics49,
      statistics.mdIncrementalRefreshLimitsBanding50,
      statistics.mdIncrementalRefreshSessionStatistics51,
      snapshots.snapshotFullRefresh52,
      snapshots.snapshotFullRefreshOrderBook53,
      definitions.mdInstrumentDefinitionFuture54,
      definitions.mdInstrumentDefinitionOption55,
      definitions.mdInstrumentDefinitionSpread56,
      definitionsCash.mdInstrumentDefinitionFixedIncome57,
      definitionsCash.mdInstrumentDefinitionRepo58,
      snapshots.snapshotRefreshTopOrders59,
      admin.securityStatusWorkup60,
      snapshots.snapshotFullRefreshTcp61,
      statistics.collateralMarketValue62,
      definitionsCash.mdInstrumentDefinitionFX63,
      incremental.mdIncrementalRefreshBookLongQty64,
      incremental.mdIncrementalRefreshTradeSummaryLongQty65,
      statistics.mdIncrementalRefreshVolumeLongQty66,
      statistics.mdIncrementalRefreshSessionStatisticsLongQty67,
      snapshots.snapshotFullRefreshTcpLongQty68,
      snapshots.snapshotFullRefreshLongQty69,
    ],
  },
  true,
);

/** The table's type: message names, field names and types. */
export type Mdp3Table = typeof mdp3Table;

const made = new Map<number, SbeSchema>();

/** The schema as a version of it was; throws `UsageError` for a version that the table does not hold. */
export function mdp3SchemaOf(version: number): SbeSchema {
  const known = made.get(version);
  if (known !== undefined) return known;
  if (!mdp3Versions.includes(version)) {
    throw new UsageError('mdp3-version', `MDP 3.0 version ${version} is not built in: ${mdp3Versions.join(', ')} are`);
  }
  const built = schemaAt(mdp3Table, version, dates[version]);
  made.set(version, built);
  return built;
}
