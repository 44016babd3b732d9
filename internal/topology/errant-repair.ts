// What to do about transactions that a replica has and its source does not. Pure.

import { GtidSet } from './gtid-set.ts';
import type { Instance } from './instance.ts';
import { keyText } from './instance-key.ts';
import { type MariadbGtid, MariadbState, mariadbGtidText } from './mariadb-gtid.ts';
import type { NoMove } from './move-steps.ts';

/** All that a server shall know to have executed, once it has forgotten its binary logs. */
export type KeptHistory =
  | { readonly kind: 'mysql'; readonly executed: string }
  | { readonly kind: 'mariadb'; readonly binlogState: string; readonly slavePos: string };

/** One binary log, and the transactions that were written before it: a GTID set, or the state of MariaDB. */
export interface LogStart {
  readonly file: string;
  readonly before: string;
}

/**
 * The history of a replica without its errant transactions.
 *
 * MariaDB gets its own state back, not that of its source: one that is ahead of what the replica has applied would have it refuse, in strict
 * mode, what is still to come.
 *
 * @param source as read last, to tell how far a writer got that both know (MariaDB)
 */
export function historyWithout(replica: Instance, errant: string, source: Instance): KeptHistory | NoMove {
  const { gtid } = replica;
  if (gtid.kind === 'mysql') {
    const executed = GtidSet.parse(gtid.executed).subtract(GtidSet.parse(errant)).toString();
    if (executed === '') return refused(`nothing that ${keyText(replica.key)} has executed would be left`);
    return { kind: 'mysql', executed };
  }
  const wrong = MariadbState.parse(errant);
  const isWrong = (one: { readonly domain: number; readonly serverId: number }) =>
    wrong.sequenceOf(one.domain, one.serverId) !== undefined;
  const position = MariadbState.parse(gtid.slavePos).entries();
  const received = position.find(isWrong);
  if (received !== undefined)
    return refused(
      `${mariadbGtidText(received)} came to ${keyText(replica.key)} by replication: its place among others is not known`,
    );
  const above =
    source.gtid.kind === 'mariadb'
      ? MariadbState.parse(`${source.gtid.binlogState},${source.gtid.slavePos}`)
      : MariadbState.EMPTY;
  const kept = MariadbState.parse(gtid.binlogState)
    .entries()
    .flatMap((one) => {
      if (!isWrong(one)) return [one];
      const sequence = above.sequenceOf(one.domain, one.serverId);
      return sequence === undefined ? [] : [{ ...one, sequence }];
    });
  return { kind: 'mariadb', binlogState: MariadbState.of(kept).toString(), slavePos: gtid.slavePos };
}

/**
 * Which binary logs hold errant transactions, or why that cannot be told.
 *
 * @param errant a GTID set; of MariaDB, the last one of each writer
 * @param above the state of the source (MariaDB), which has what each writer wrote before its first errant one
 */
export function logsWithErrant(
  family: Instance['family'],
  errant: string,
  logs: readonly LogStart[],
  above = '',
): readonly string[] | NoMove {
  const [first] = logs;
  if (first === undefined) return refused('there are no binary logs');
  const found = family === 'mysql' ? mysqlLogs(errant, logs) : mariadbLogs(errant, logs, MariadbState.parse(above));
  return found ?? refused(`purged already, at least in part: before ${first.file} there were ${first.before}`);
}

/** Undefined: the first log begins behind some of them. */
function mysqlLogs(errant: string, logs: readonly LogStart[]): readonly string[] | undefined {
  const without = (some: GtidSet, known: string) => some.subtract(GtidSet.parse(known));
  const all = GtidSet.parse(errant);
  let rest = without(all, logs[0]?.before ?? '');
  if (rest.toString() !== all.toString()) return undefined;
  return logs.flatMap(({ file }, at) => {
    const next = logs[at + 1];
    const before = rest.toString();
    rest = next === undefined ? without(rest, errant) : without(rest, next.before);
    return rest.toString() === before ? [] : [file];
  });
}

/** A log holds what a writer wrote between its beginning and that of the next one. */
function mariadbLogs(errant: string, logs: readonly LogStart[], above: MariadbState): readonly string[] | undefined {
  const writers = MariadbState.parse(errant).entries();
  const starts = logs.map(({ before }) => MariadbState.parse(before));
  const got = (state: MariadbState | undefined, { domain, serverId }: MariadbGtid) =>
    state?.sequenceOf(domain, serverId) ?? 0n;
  if (writers.some((one) => got(starts[0], one) > got(above, one))) return undefined;
  return logs.flatMap(({ file }, at) => {
    const next = starts[at + 1];
    const holds = writers.some((one) => {
      const until = next === undefined ? one.sequence : got(next, one);
      return until > got(starts[at], one) && until > got(above, one);
    });
    return holds ? [file] : [];
  });
}

function refused(reason: string): NoMove {
  return { kind: 'refused', reason };
}
