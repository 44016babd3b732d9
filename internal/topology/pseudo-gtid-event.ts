// Events of binary and relay logs as `SHOW BINLOG EVENTS` tells them, in the form in which those of two servers can be compared.

import { compileGoRegexp } from '../runtime/go-regexp.ts';
import type { BinlogCoordinates } from './instance.ts';

/** One row of `SHOW BINLOG EVENTS` or `SHOW RELAYLOG EVENTS`. */
export interface LogEvent {
  /** Where it lies: in a relay log, a place in that. */
  readonly at: BinlogCoordinates;
  readonly type: string;
  /** Of the server that wrote it first; replicas hand it on. */
  readonly serverId: number;
  /** Where it ends; in a relay log a place in the log of the source. */
  readonly endPosition: number;
  readonly info: string;
}

/** What a marker is; a pattern that means nothing matches nothing. */
export interface MarkerSettings {
  readonly pattern: string;
  readonly fixedSubstring: boolean;
  /** Markers that hold this text are written in growing order; empty: nothing is known of their order. */
  readonly monotonicHint: string;
}

/** Written by each server for itself: they belong to no transaction. Some have a number or a version behind their name. */
const BOOKKEEPING =
  /^(Format_desc|Stop|Rotate|Previous_gtids|Gtid_list|Binlog_checkpoint|Start_encryption|Heartbeat|Ignorable|Slave_connect|Transaction_context|View_change)/i;
/** Comments and marks that one server may write and another may not. */
const OPTIONAL = /^(Rows_query|Annotate_rows|Anonymous_Gtid)$/i;

export function isBookkeeping({ type }: LogEvent): boolean {
  return BOOKKEEPING.test(type);
}

export function isOptional({ type }: Pick<LogEvent, 'type'>): boolean {
  return OPTIONAL.test(type);
}

/** @returns whether an event is a marker */
export function markerTest({ pattern, fixedSubstring }: MarkerSettings): (event: LogEvent) => boolean {
  if (pattern === '') return () => false;
  if (fixedSubstring) return ({ type, info }) => isStatement(type) && info.includes(pattern);
  const expression = compileGoRegexp(pattern);
  return ({ type, info }) => isStatement(type) && expression?.test(info) === true;
}

/** The kind of an event, without the version and the packing that its server chose. */
export function normalType(type: string): string {
  return type.replace(/(_compressed)?(_v\d+)?$/i, '');
}

/**
 * What an event says, without what each server numbers for itself. The steps are taken in this order: comments at the end, what
 * follows a `COMMIT`, numbers of tables, a flag that only new servers have, the two spellings of literals in bytes, the commit number in a MariaDB GTID.
 */
export function normalInfo(info: string): string {
  return info
    .replace(/\s*\/\*(?:(?!\*\/)[\s\S])*\*\/\s*$/, '')
    .replace(/^COMMIT\b[\s\S]*$/, 'COMMIT')
    .replace(/\btable_id: \d+/g, 'table_id: ###')
    .replace(/^(table_id: ### flags:.*) USE_SQL_FOREIGN_KEY_F\b/, '$1')
    .replace(/ X'([0-9A-Fa-f]+)' COLLATE/g, ' 0x$1 COLLATE')
    .replace(/^((?:BEGIN )?GTID \d+-\d+-\d+) cid=.*$/, '$1');
}

function isStatement(type: string): boolean {
  return normalType(type) === 'Query';
}
