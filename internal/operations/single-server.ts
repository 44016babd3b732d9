// Operations on one server that move nothing: one session, one act, checked on what the session itself reads.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import type { ClusterSnapshot } from '../topology/cluster.ts';
import type { Instance, ThreadState } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Mover } from './mover.ts';
import type { OperationsDeps } from './operations.ts';
import type { OperationSettings, OperatorSession } from './ports.ts';
import { mustNotBeNeeded, purge } from './purge.ts';
import { untilReplicating } from './replicating.ts';
import type { ActName, OperationOutcome, OperationRequest } from './requests.ts';
import { startAsMeant } from './semi-sync-start.ts';
import { startAgain, stopLimitMs } from './start-again.ts';

interface Room extends OperationsDeps {
  readonly mover: Mover;
  /** As memory has it. */
  member(key: InstanceKey): { readonly snapshot: ClusterSnapshot; readonly instance: Instance };
}

interface Act {
  /** What the audit calls it. */
  readonly audit: string;
  /** What was done, in words. */
  readonly text: (key: string, request: OperationRequest, answer: string) => string;
  /** Nobody else may change the server meanwhile. */
  readonly locks?: true;
  /** Halts a replica on the way: one that ran before replicates again where the act fails. */
  readonly halts?: true;
  readonly limitMs: (settings: OperationSettings) => number;
  /** Asked of the other servers before, such as whether they still need what goes. */
  readonly check?: (room: Room, request: OperationRequest, instance: Instance) => void;
  /** A text it resolves to is for `text`. */
  readonly run: (session: OperatorSession, on: Occasion) => Promise<unknown>;
}

interface Occasion {
  readonly request: OperationRequest;
  readonly room: Room;
  /** The server as it was read a moment ago, with what only probes ask for. */
  readonly instance: Instance;
  readonly signal: AbortSignal;
}

const short = (settings: OperationSettings) => settings.stepTimeoutMs;
const long = (settings: OperationSettings) => settings.operationTimeoutMs;
const stopping = (settings: OperationSettings) => stopLimitMs(settings);
const restarting = (settings: OperationSettings) => stopLimitMs(settings) + settings.startLimitMs;
const starting = (settings: OperationSettings) => settings.stepTimeoutMs + settings.startLimitMs;

const ACTS: Readonly<Record<ActName, Act>> = {
  startReplication: {
    audit: 'start-replica',
    text: (key) => `Replica started: ${key}`,
    limitMs: starting,
    run: async (session, { room, signal }) => {
      mustReplicate(await session.read());
      await startAsMeant(room, session);
      await untilReplicating(room, session, signal);
    },
  },
  stopReplication: {
    audit: 'stop-replica',
    text: (key) => `Replica stopped: ${key}`,
    limitMs: stopping,
    run: async (session) => {
      mustReplicate(await session.read());
      return session.stopReplication();
    },
  },
  stopReplicationNicely: {
    audit: 'stop-replica-nice',
    text: (key) => `Replica stopped: ${key}`,
    halts: true,
    limitMs: long,
    run: async (session, { room: { settings } }) => {
      const { delaySeconds } = mustReplicate(await session.read());
      if (delaySeconds > 0) await session.stopReceiver();
      else if (!(await session.drain(settings.operationTimeoutMs)))
        throw failed(`not everything received was applied within ${settings.operationTimeoutMs} ms`);
      return session.stopReplication();
    },
  },
  restartReplication: {
    audit: 'restart-replica',
    text: (key) => `Replica restarted: ${key}`,
    halts: true,
    limitMs: restarting,
    run: async (session, { room, signal }) => {
      mustReplicate(await session.read());
      await session.stopReplication();
      await startAsMeant(room, session);
      await untilReplicating(room, session, signal);
    },
  },
  forgetSource: {
    audit: 'reset-slave',
    text: (key) => `Replica reset on ${key}`,
    locks: true,
    halts: true,
    limitMs: stopping,
    run: async (session) => {
      mustReplicate(await session.read());
      return session.forgetSource();
    },
  },
  setLogin: {
    audit: 'change-master-credentials',
    text: (key) => `Replica credentials changed on ${key}`,
    locks: true,
    halts: true,
    limitMs: long,
    run: async (session, { room, signal }) => {
      const before = mustReplicate(await session.read());
      const login = await session.replicationLogin();
      if (login === undefined)
        throw conflict('no replication credentials can be read: set ReplicationCredentialsQuery');
      const runs = before.receiver === 'running' || before.receiver === 'other';
      if (runs && !(await session.drain(room.settings.operationTimeoutMs)))
        throw failed('not everything received was applied in time');
      await session.setLogin(login);
      if (!runs) return;
      await startAsMeant(room, session);
      await untilReplicating(room, session, signal);
    },
  },
  setDelay: {
    audit: 'delay-replication',
    text: (key, { number }) => `Replication delayed by ${number} seconds on ${key}`,
    halts: true,
    limitMs: stopping,
    run: (session, { request }) => session.setDelay(request.number ?? 0),
  },
  skipQuery: {
    audit: 'skip-query',
    text: (key, _request, skipped) => `Query skipped on ${key}: ${skipped}`,
    halts: true,
    limitMs: restarting,
    run: async (session, { room, signal }) => {
      const { applier, applierErrno } = mustReplicate(await session.read());
      if (applier === 'running') throw conflict('the replication applier runs: there is nothing to skip');
      if (applierErrno === 0) throw conflict('replication did not stop with an error: there is nothing to skip');
      const skipped = await session.skipQuery();
      await startAsMeant(room, session);
      await untilReplicating(room, session, signal);
      return skipped;
    },
  },
  setReadOnly: {
    audit: 'read-only',
    text: (key) => `Server set as read-only: ${key}`,
    limitMs: short,
    run: async (session, { room: { settings }, instance }) => {
      await session.setReadOnly(true, settings.useSuperReadOnly);
      if (instance.semiSyncPriority > 0) await session.setSemiSyncSource(false);
    },
  },
  setWritable: {
    audit: 'read-only',
    text: (key) => `Server set as writeable: ${key}`,
    limitMs: short,
    run: async (session, { instance }) => {
      if (instance.semiSyncPriority > 0) await session.setSemiSyncSource(true);
      return session.setReadOnly(false, false);
    },
  },
  enableSemiSyncSource: semiSync('enable-semi-sync-master', 'master semi-sync enabled', (session) =>
    session.setSemiSyncSource(true),
  ),
  disableSemiSyncSource: semiSync('disable-semi-sync-master', 'master semi-sync disabled', (session) =>
    session.setSemiSyncSource(false),
  ),
  enableSemiSyncReplica: semiSync('enable-semi-sync-replica', 'replica semi-sync enabled', (session) =>
    session.setSemiSyncReplica(true),
  ),
  disableSemiSyncReplica: semiSync('disable-semi-sync-replica', 'replica semi-sync disabled', (session) =>
    session.setSemiSyncReplica(false),
  ),
  killQuery: {
    audit: 'kill-query',
    text: (key, { number }) => `Query ${number} killed on ${key}`,
    limitMs: short,
    run: (session, { request }) => session.killQuery(request.number ?? 0),
  },
  flushBinaryLogs: {
    audit: 'flush-binary-logs',
    text: (key) => `Binary logs flushed on: ${key}`,
    limitMs: short,
    run: (session) => session.flushBinaryLogs(),
  },
  purgeBinaryLogs: {
    audit: 'purge-binary-logs',
    text: (key, _request, file) => `Binary logs purged on ${key} up to ${file}`,
    limitMs: short,
    check: ({ member }, request, instance) => mustNotBeNeeded(request, instance, member(instance.key).snapshot),
    run: (session, { room, request, instance, signal }) => {
      const { snapshot } = room.member(instance.key);
      const { clock, refresh } = room;
      return purge(session, { clock, refresh, request, instance, snapshot, signal });
    },
  },
};

/** @throws {OrchestratorError} `CONFLICT`: nothing was changed */
export async function actOnServer(
  room: Room,
  operation: ActName,
  request: OperationRequest,
  signal: AbortSignal,
): Promise<OperationOutcome> {
  const { servers, settings, mover, refresh, audit } = room;
  const act = ACTS[operation];
  const instance = await refresh(request.target, signal);
  act.check?.(room, request, instance);
  const sent: string[] = [];
  const run = () =>
    servers.operate(instance.key, act.limitMs(settings), signal, async (session) => {
      try {
        return await act.run(session, { request, room, instance, signal });
      } finally {
        sent.push(...session.statements);
      }
    });
  const orderly = () =>
    run().catch(async (cause: unknown) => {
      const which = running(instance);
      if (!act.halts || which === undefined || !sent.some((sql) => sql.startsWith('STOP '))) throw cause;
      const left = await startAgain(room, instance.key, false, which);
      if (left === undefined) throw cause;
      throw new OrchestratorError('OPERATION_FAILED', `${errorText(cause)}; ${left}`, { cause });
    });
  const answer = await (act.locks ? mover.locked([instance.key], act.audit, orderly) : orderly());
  const text = act.text(keyText(instance.key), request, typeof answer === 'string' ? answer : '');
  audit(act.audit, instance.key, [text, ...sent].join('; '));
  return { subject: instance.key, moved: [], errors: [], text };
}

/** Of its threads; one that only tries to work counts. */
function running({ replication }: Instance): 'both' | 'receiver' | 'applier' | undefined {
  const runs = (thread: ThreadState = 'none') => thread === 'running' || thread === 'other';
  const [receives, applies] = [runs(replication?.receiver), runs(replication?.applier)];
  if (receives) return applies ? 'both' : 'receiver';
  return applies ? 'applier' : undefined;
}

function semiSync(audit: string, words: string, change: (session: OperatorSession) => Promise<void>): Act {
  return {
    audit,
    text: (key) => `${words} on ${key}`,
    halts: true,
    limitMs: short,
    run: async (session) => {
      const { semiSync: state } = await session.read();
      if (!state.available) throw conflict('semi-sync replication is not installed there');
      await change(session);
    },
  };
}

function mustReplicate(instance: Instance) {
  if (instance.replication === undefined) throw conflict(`instance is not a replica: ${keyText(instance.key)}`);
  return instance.replication;
}

function conflict(message: string): OrchestratorError {
  return new OrchestratorError('CONFLICT', message);
}

function failed(message: string): OrchestratorError {
  return new OrchestratorError('OPERATION_FAILED', message);
}
