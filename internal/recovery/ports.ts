import type { BinlogCoordinates, Instance, ReplicationTls } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';

export interface ReplicationLogin {
  readonly user: string;
  readonly password: string;
  /** How the connection is secured; undefined: not said, the server's own default. */
  readonly tls?: ReplicationTls;
}

/** One session on one server, holding the named lock while it is open. Each call is one attempt and can be repeated. */
export interface ServerSession {
  /** What was sent so far to change the server or to wait for it, in order. */
  readonly statements: readonly string[];
  read(): Promise<Instance>;
  stopReceiver(): Promise<void>;
  /** Asks the receiver to stop and does not wait until it did. The last thing that this session does: it gives back its lock with that. */
  stopReceiverSoon(): Promise<void>;
  /** Has the receiver connect anew; in one packet, so that nobody who dies on the way leaves it stopped. */
  restartReceiver(): Promise<void>;
  /** Both threads, and waits until they have. */
  stopReplication(): Promise<void>;
  startApplier(): Promise<void>;
  startReplication(): Promise<void>;
  /** Applies everything received; false when the limit passed first. */
  drain(limitMs: number): Promise<boolean>;
  /** Waits until everything that `holder` had received is applied here; false when the limit passed first, or nobody can tell. */
  waitApplied(holder: Instance, limitMs: number): Promise<boolean>;
  /**
   * `login`: for a server that was no replica before and so has no credentials of its own. `at`: in the log of the source, for one that does
   * not find its place by itself, or that it does so by GTID from now on; replication is halted for that, and what was received and not applied
   * is fetched from there.
   */
  pointTo(source: InstanceKey, login?: ReplicationLogin, at?: BinlogCoordinates | 'gtid'): Promise<void>;
  /** What this replica logs in to its source with; undefined where the server does not tell. */
  replicationLogin(): Promise<ReplicationLogin | undefined>;
  detachSource(): Promise<void>;
  forgetSource(): Promise<void>;
  setReadOnly(readOnly: boolean): Promise<void>;
  /** Lets writes wait for acknowledgements of replicas, or not; nothing where semi-sync is not there. */
  setSemiSyncSource(enabled: boolean): Promise<void>;
  /** Whether what is received is acknowledged, from the next start of the receiver on; nothing where semi-sync is not there. */
  setSemiSyncReplica(enabled: boolean): Promise<void>;
  /** A transaction of its own in the binary log, which changes nothing. */
  writeNothing(): Promise<void>;
  /** Receives and applies up to a place in the log of its source; false when it did not within the limit. */
  applyUpTo(at: BinlogCoordinates, limitMs: number): Promise<boolean>;
  /** Begins so many binary logs, which brings it to the one of this name, and has those before deleted. */
  beginLog(log: string, missing: number): Promise<void>;
  endClientSessions(): Promise<readonly string[]>;
}

export interface Servers {
  /** One fresh read. */
  probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance>;
  /** Runs `work` on a session of its own, which is closed afterwards. */
  change<T>(
    key: InstanceKey,
    timeoutMs: number,
    signal: AbortSignal,
    work: (session: ServerSession) => Promise<T>,
  ): Promise<T>;
  /**
   * Ends what leaders of earlier terms still have open to change this server.
   *
   * @throws {OrchestratorError} when it is not known that there is nothing left
   */
  expel(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Makes a server read-only on a connection that was kept open for it; throws at once when there is none. */
  fenceReady(key: InstanceKey, signal: AbortSignal): Promise<void>;
  /** Makes a server read-only and ends its client sessions; throws unless it is known to be so. */
  fence(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * Finds in the log of the second server the place where the first one stands, which is halted, by comparing what both logged.
 *
 * @throws {OrchestratorError} why there is none that is certain
 */
export type Match = (halted: Instance, other: Instance, signal: AbortSignal) => Promise<BinlogCoordinates>;

/** One statement as it was sent, secrets left out. */
export interface SentStatement {
  readonly server: InstanceKey;
  readonly sql: string;
}

/** What became of a step. */
export interface StepResult {
  readonly statements: readonly SentStatement[];
  /** Undefined: it worked. */
  readonly error: string | undefined;
}

/** Written before and after each step. Failures of the backend are the implementation's to log: they never stop a recovery. */
export interface Journal {
  /**
   * Resolves when it is agreed on that this node takes the step, in the term of its claim.
   *
   * @param limitMs when the step has ended, counted from now
   * @throws {OrchestratorError} `NOT_LEADER`: it must not be taken
   */
  stepStarted(uid: string, number: number, text: string, limitMs: number): Promise<void>;
  stepEnded(uid: string, number: number, text: string, result: StepResult): Promise<void>;
  note(uid: string, message: string): Promise<void>;
}
