import type { LogPlace } from '../topology/binlog-position.ts';
import type { KeptHistory, LogStart } from '../topology/errant-repair.ts';
import type { BinlogCoordinates, Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { LogEvent, MarkerSettings } from '../topology/pseudo-gtid-event.ts';
import type { SemiSyncMode } from '../topology/semi-sync.ts';

export interface ReplicationLogin {
  readonly user: string;
  readonly password: string;
}

/** By what it says of itself: `serverId` 0, an empty `uuid` (MariaDB): nothing. */
export interface LogReader {
  readonly serverId: number;
  readonly uuid: string;
  readonly host: string;
}

/** One session on one server that holds the named lock while it is open. Each call is one attempt. */
export interface OperatorSession<Login extends ReplicationLogin = ReplicationLogin> {
  /** What was sent so far, in order, secrets left out. */
  readonly statements: readonly string[];
  read(): Promise<Instance>;
  stopReplication(): Promise<void>;
  stopReceiver(): Promise<void>;
  startReceiver(): Promise<void>;
  startApplier(): Promise<void>;
  startReplication(): Promise<void>;
  /** Stops receiving and applies everything received; false when the limit passed first. */
  drain(limitMs: number): Promise<boolean>;
  /** Waits until everything that `holder` had received is applied here; false when the limit passed first. */
  waitApplied(holder: Instance, limitMs: number): Promise<boolean>;
  /** Starts a halted replica, whose applier stops by itself at a position of its source's log. */
  startUntil(coordinates: BinlogCoordinates): Promise<void>;
  /** Gives the server another source; replication stays stopped, or, by GTID on MySQL, its applier running. */
  follow(source: InstanceKey, start: 'gtid' | BinlogCoordinates, login?: Login): Promise<void>;
  replicationLogin(): Promise<Login | undefined>;
  forgetSource(): Promise<void>;
  setReadOnly(readOnly: boolean, alsoSuper: boolean): Promise<void>;
  setSemiSyncSource(enabled: boolean): Promise<void>;
  setSemiSyncReplica(enabled: boolean): Promise<void>;
  setDelay(seconds: number): Promise<void>;
  /** The replication user and password, and certificates, in place of those it has. */
  setLogin(login: Login): Promise<void>;
  killQuery(id: number): Promise<void>;
  flushBinaryLogs(): Promise<void>;
  /** Those before this one, except where the server still needs one itself: it and what follows it stay, without an error. */
  purgeBinaryLogs(file: string): Promise<void>;
  /** Whoever reads its binary logs now. */
  logReaders(): Promise<readonly LogReader[]>;
  binaryLogNames(): Promise<readonly string[]>;
  /** Skips the transaction or event that the applier stopped at. @returns what was skipped, for the audit */
  skipQuery(): Promise<string>;
  /** Writes a transaction of this GTID that holds nothing, unless it is there. @returns whether it was missing */
  writeEmpty(gtid: string): Promise<boolean>;
  /** Oldest first. */
  binaryLogs(): Promise<readonly LogStart[]>;
  /** What `forgetHistory` and then `rememberHistory` send, the former first. */
  historyStatements(kept: KeptHistory): readonly string[];
  /** Throws away all binary logs. */
  forgetHistory(): Promise<void>;
  /** May be tried again. */
  rememberHistory(kept: KeptHistory): Promise<void>;
}

export interface Servers {
  probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance>;
  /** Runs `work` on a session of its own, which is closed afterwards. */
  operate<T>(
    key: InstanceKey,
    timeoutMs: number,
    signal: AbortSignal,
    work: (session: OperatorSession) => Promise<T>,
  ): Promise<T>;
  /** Lends the logs of a server, on a connection of its own that changes nothing. */
  readLogs<T>(key: InstanceKey, signal: AbortSignal, work: (log: EventLog) => Promise<T>): Promise<T>;
}

export type LogKind = 'binary' | 'relay';

/** Binary and relay logs of one server. */
export interface EventLog {
  /** Oldest first. */
  binaryLogs(): Promise<readonly string[]>;
  /** Whether a replica logs transactions in the order in which its source did. */
  keepsOrder(): Promise<boolean>;
  /** Waits until the applier has executed up to a place in the log of its source; false: it stopped, or the limit passed. */
  executes(place: BinlogCoordinates, limitMs: number): Promise<boolean>;
  /** Of one file, from a place at which an event begins; none where there is no such file. */
  events(kind: LogKind, file: string, from?: number): AsyncIterable<LogEvent>;
}

/** Places in the binary logs of different servers that are known to be the same. */
export interface Equivalences {
  /** Never fails: it is a help, no more. */
  record(one: LogPlace, other: LogPlace): void;
  /** On other servers. */
  of(place: LogPlace): Promise<readonly LogPlace[]>;
  /** A server has thrown its binary logs away: their names and positions will mean something else. */
  forget(server: InstanceKey): void;
}

/** Maintenance locks: nobody else changes the server, and recoveries leave it alone. */
export interface Locks {
  /** @throws {OrchestratorError} `CONFLICT`: held already */
  begin(key: InstanceKey, owner: string, reason: string, durationMs: number): Promise<unknown>;
  end(key: InstanceKey): Promise<unknown>;
}

/** One statement as it was sent, secrets left out. */
export interface SentStatement {
  readonly server: InstanceKey;
  readonly sql: string;
}

export interface OperationSettings {
  /** Of a whole operation. */
  readonly operationTimeoutMs: number;
  /** Of one statement that waits for nothing. */
  readonly stepTimeoutMs: number;
  readonly probeTimeoutMs: number;
  /** How long a server that was asked to replicate is watched until it does. */
  readonly startLimitMs: number;
  readonly startPollMs: number;
  /** Servers moved at a time. */
  readonly parallelMoves: number;
  readonly lowerVersionAllowed: boolean;
  readonly verifyFilters: boolean;
  readonly reasonableMaintenanceLagSeconds: number;
  readonly useSuperReadOnly: boolean;
  /** Which replicas are to acknowledge when they start. */
  readonly semiSync: SemiSyncMode;
  /** By name: never to lead others. */
  readonly isBanned: (key: InstanceKey) => boolean;
  readonly pseudoGtid: {
    readonly marker: MarkerSettings;
    /** Events that hold one of these texts do not count. */
    readonly skipContaining: readonly string[];
  };
}
