// From options to a node that takes part in its group, or to the reason why it does not.

import { systemClock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { RaftCore } from '../core/core.ts';
import { readSeat, relisted, type Seat, writeSeat } from '../membership/seat.ts';
import { type Salvaged, salvage } from '../rescue/salvage.ts';
import { pathsIn } from '../store/directory.ts';
import { DamageFound, damageText, fatal } from '../store/failures.ts';
import { nodeFiles } from '../store/files.ts';
import { type Identity, memberIdOf } from '../store/identity.ts';
import { type OpenedStore, openStore, type RaftStore } from '../store/raft-store.ts';
import { AddressSpace } from '../wire/address-space.ts';
import { wireSettings } from '../wire/settings.ts';
import { Wire } from '../wire/wire.ts';
import { Belonging } from './belonging.ts';
import { ConsensusThread } from './consensus-thread.ts';
import { endNews, removedFromGroup } from './ends.ts';
import { processMs } from './lease.ts';
import { Teller } from './teller.ts';
import { DEFAULT_PORT, type ThreadDeps, type ThreadOptions } from './thread-options.ts';

/** Says `ready`, or `fatal` with the reason why this node cannot begin. @param signal ends the waiting for a group */
export async function enter(deps: ThreadDeps, signal: AbortSignal): Promise<ConsensusThread | undefined> {
  const teller = new Teller(deps.post);
  const made: Made = {};
  try {
    return await begin(deps, teller, made, signal);
  } catch (err) {
    await made.wire?.stop();
    made.store?.close();
    teller.tell(endNews(err));
    teller.flush();
    deps.onEnd();
    return undefined;
  }
}

interface Made {
  store?: RaftStore;
  wire?: Wire;
}

async function begin(deps: ThreadDeps, teller: Teller, made: Made, signal: AbortSignal): Promise<ConsensusThread> {
  const { options, random } = deps;
  const { directory } = options.store;
  const opened = openStore(options.store);
  if (opened.kind === 'damaged')
    throw new OrchestratorError('RAFT_STORE_DAMAGED', opened.damage.map(damageText).join('; '));
  made.store = opened.store;
  if (opened.recovered.removed) throw removedFromGroup(directory);
  const salvaged = salvagedFrom(opened, options, teller.log);
  let thread: ConsensusThread | undefined;
  const belonging: Belonging = new Belonging({
    ...{ options, store: opened.store, identity: salvaged.identity, recovered: salvaged.recovered },
    wire: () => wire,
    moment: () => ({ nowMs: processMs(), wallMs: systemClock.nowMs() }),
    every: (ms, work) => systemClock.every(ms, work),
    onWaiting: (waiting) => teller.tell({ kind: 'waiting', waiting }),
    onClaim: (formation) => teller.tell({ kind: 'claim', formation }),
  });
  const wire: Wire = new Wire({
    ...{ random, bind: options.bind, clock: systemClock, log: teller.log, credentials: options.credentials },
    settings: wireSettings(options.settings.electionTimeoutMs, options.maxMessageBytes),
    allowed: new AddressSpace(options.allowed),
    identity: () => wireIdentity(belonging.identity, options),
    veto: ({ member }) => thread?.veto(member),
    onMessage: (message, peer) => (thread === undefined ? belonging.hear(message, peer) : thread.hear(message)),
    onBytes: (channel, peer, payload) => {
      if (channel === 'forming') belonging.onBytes(peer, payload);
      else if (channel === 'members') thread?.hearOf(peer, payload);
      else teller.tell({ kind: 'bytes', channel, peer, payload });
    },
  });
  made.wire = wire;
  const seats = seatsIn(options);
  await wire.start();
  deps.onFinding((order) => belonging.heed(order));
  const recovered = await belonging.settle(signal);
  const lastIndex = recovered.entries.at(-1)?.index ?? recovered.before.index;
  if (options.applied > lastIndex)
    throw new OrchestratorError(
      'RAFT_STORE_DAMAGED',
      `the log in ${directory} ends at entry ${lastIndex}, but the backend has applied entry ${options.applied}: the two do not belong together, or the log was cut`,
    );
  const moment = { nowMs: processMs(), wallMs: systemClock.nowMs(), random: random() };
  const core = new RaftCore(options.settings, { ...recovered, applied: options.applied }, moment);
  thread = new ConsensusThread(deps, teller, { store: opened.store, wire, core, belonging, ...seats });
  return thread;
}

/** With `peers.json` beside it the log has another membership than it had (F-71). */
function salvagedFrom(opened: Extract<OpenedStore, { kind: 'opened' }>, options: ThreadOptions, log: Log): Salvaged {
  const { directory } = options.store;
  const { store, identity, recovered } = opened;
  const paths = pathsIn(directory);
  const deps = { files: nodeFiles, paths, store, log, defaultPort: options.defaultPort ?? DEFAULT_PORT };
  return orDamaged(directory, 'forcing a membership', () => salvage(identity, recovered, deps));
}

/** What this node knew of its place, with the list that it has now. */
function seatsIn({ store, forming }: ThreadOptions) {
  const path = pathsIn(store.directory).membership;
  const keepSeat = (seat: Seat) => writeSeat(nodeFiles, path, seat);
  return orDamaged(store.directory, 'reading the list of nodes', () => {
    const former = readSeat(nodeFiles, path);
    const seat = relisted(former, forming.nodes.length > 1 ? forming.nodes : []);
    if (JSON.stringify(seat) !== JSON.stringify(former)) keepSeat(seat);
    return { seat, keepSeat };
  });
}

/** @throws {OrchestratorError} `RAFT_STORE_DAMAGED`, `RAFT_STORE_FAILED`, or what `work` says itself */
function orDamaged<T>(directory: string, doing: string, work: () => T): T {
  try {
    return work();
  } catch (err) {
    if (err instanceof DamageFound) throw new OrchestratorError('RAFT_STORE_DAMAGED', damageText(err.damage));
    throw fatal(directory, doing, err);
  }
}

function wireIdentity(identity: Identity, { clusterName, advertise, release, protocol }: ThreadOptions) {
  return {
    ...{ clusterName, release, protocol, address: advertise },
    clusterId: identity.clusterId ?? '',
    generation: identity.generation,
    node: identity.nodeId,
    incarnation: identity.incarnation,
    member: memberIdOf(identity),
  };
}
