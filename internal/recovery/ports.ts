import type { Instance, ReplicationTls } from '../topology/instance.ts';
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
  startApplier(): Promise<void>;
  startReplication(): Promise<void>;
  /** Applies everything received; false when the limit passed first. */
  drain(limitMs: number): Promise<boolean>;
  /** Waits until everything that `holder` had received is applied here; false when the limit passed first. */
  waitApplied(holder: Instance, limitMs: number): Promise<boolean>;
  /** `login`: for a server that was no replica before and so has no credentials of its own. */
  pointTo(source: InstanceKey, login?: ReplicationLogin): Promise<void>;
  /** What this replica logs in to its source with; undefined where the server does not tell. */
  replicationLogin(): Promise<ReplicationLogin | undefined>;
  detachSource(): Promise<void>;
  forgetSource(): Promise<void>;
  setReadOnly(readOnly: boolean): Promise<void>;
  /** Lets writes wait for acknowledgements of replicas, or not; nothing where semi-sync is not there. */
  setSemiSyncSource(enabled: boolean): Promise<void>;
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
  /** Asks the receiver to stop and does not wait until it did; the answer is the statement. */
  stopReceiverSoon(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<string>;
  /** Makes a server read-only on a connection that was kept open for it; throws at once when there is none. */
  fenceReady(key: InstanceKey, signal: AbortSignal): Promise<void>;
  /** Makes a server read-only and ends its client sessions; throws unless it is known to be so. */
  fence(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

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
