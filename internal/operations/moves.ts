// Operations that give replicas another place: what to read before, which plan to ask for, and how many at a time.

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { compileGoRegexp } from '../runtime/go-regexp.ts';
import { type ClusterSnapshot, memberOf, replicasOf } from '../topology/cluster.ts';
import { type BinlogCoordinates, type Instance, sourceKey } from '../topology/instance.ts';
import { type InstanceKey, isDetachedHost, keyText, sameKey } from '../topology/instance-key.ts';
import { coordinatesText, type MovePlan, type NoMove } from '../topology/move-steps.ts';
import type { RegroupWay } from '../topology/regroup-plan.ts';
import {
  type MoveRequest,
  planGtidMove,
  planMatch,
  planMatchUp,
  planMoveBelow,
  planMoveEquivalent,
  planMoveUp,
  planRelocation,
  planRepoint,
} from '../topology/relocation-plan.ts';
import { planCoPrimary, planDetach, planGtidSwitch, planReattach, planTakeSource } from '../topology/role-plans.ts';
import { inLanes } from './lanes.ts';
import { type LeadRoom, makeLocalPrimary, makePrimary } from './lead.ts';
import type { Mover } from './mover.ts';
import type { OperationsDeps } from './operations.ts';
import { type CarryOut, regroup } from './regroup.ts';
import type { MoveName, OperationOutcome, OperationRequest } from './requests.ts';

type Plan = MovePlan | NoMove;

/** How one replica is moved below another server. */
type Planner = (request: MoveRequest) => Plan;

interface Ends {
  readonly snapshot: ClusterSnapshot;
  readonly target: Instance;
}

export class Moves {
  readonly #deps: OperationsDeps;
  readonly #mover: Pick<Mover, 'run' | 'locked'>;

  constructor(deps: OperationsDeps, mover: Pick<Mover, 'run' | 'locked'>) {
    this.#deps = deps;
    this.#mover = mover;
  }

  run(operation: MoveName, request: OperationRequest, signal: AbortSignal): Promise<OperationOutcome> {
    const { relayLogsOnly = false } = request;
    const match: Planner = (one) => planMatch({ ...one, relayLogsOnly });
    switch (operation) {
      case 'relocate':
        return this.#below(planRelocation, 'relocate-below', request, signal);
      case 'moveByGtid':
        return this.#below(planGtidMove, 'move-below-gtid', request, signal);
      case 'moveBelow':
        return this.#below(planMoveBelow, 'move-below', request, signal);
      case 'moveEquivalent':
        return this.#below(planMoveEquivalent, 'move-equivalent', request, signal);
      case 'match':
        return this.#below(match, 'match-below', request, signal);
      case 'matchUp':
        return this.#one(
          'match-below',
          request,
          (ends) => planMatchUp({ ...this.#request(ends), relayLogsOnly }),
          signal,
        );
      case 'matchReplicas':
        return this.#replicas(match, 'multi-match-replicas', request, signal);
      case 'matchUpReplicas':
        return this.#matchUpReplicas(match, request, signal);
      case 'repoint':
        return this.#below(planRepoint, 'repoint', request, signal);
      case 'moveUp':
        return this.#one('move-up', request, (ends) => planMoveUp(this.#request(ends)), signal);
      case 'relocateReplicas':
        return this.#replicas(planRelocation, 'relocate-replicas', request, signal);
      case 'moveReplicasByGtid':
        return this.#replicas(planGtidMove, 'move-replicas-gtid', request, signal);
      case 'moveUpReplicas':
        return this.#replicas((one) => planMoveUp(one), 'move-up-replicas', request, signal);
      case 'repointReplicas':
        return this.#replicas(planRepoint, 'repoint-to', request, signal);
      case 'takeSiblings':
        return this.#takeSiblings(request, signal);
      case 'takeSource':
        return this.#takeSource(request, signal);
      case 'regroup':
        return this.#regroup('any', 'regroup-replicas', request, signal);
      case 'regroupByGtid':
        return this.#regroup('gtid', 'regroup-replicas-gtid', request, signal);
      case 'regroupBinlogServers':
        return this.#regroup('binlog servers', 'regroup-replicas-bls', request, signal);
      case 'regroupByPseudoGtid':
        return this.#regroup('pseudo-gtid', 'regroup-replicas-pgtid', request, signal);
      case 'makePrimary':
        return makePrimary(this.#leadRoom(signal), request.target, signal);
      case 'makeLocalPrimary':
        return makeLocalPrimary(this.#leadRoom(signal), request.target, signal);
      case 'makeCoPrimary':
        return this.#one('make-co-master', request, (ends) => planCoPrimary(this.#request(ends)), signal);
      case 'enableGtid':
      case 'disableGtid': {
        const on = operation === 'enableGtid';
        return this.#one(
          on ? 'enable-gtid' : 'disable-gtid',
          request,
          ({ target }) => planGtidSwitch(target, on),
          signal,
        );
      }
      case 'detach':
        return this.#one('repoint', request, ({ target }) => planDetach(target), signal);
      case 'reattach':
        return this.#one('repoint', request, ({ target }) => planReattach(target), signal);
    }
  }

  async #below(
    plan: Planner,
    audit: string,
    request: OperationRequest,
    signal: AbortSignal,
  ): Promise<OperationOutcome> {
    const ends = await this.#read(request.target, signal);
    const to = request.below ?? sourceKey(ends.target);
    if (to === undefined) throw conflict(`instance is not a replica: ${keyText(ends.target.key)}`);
    const below = await this.#refresh(to, signal);
    await this.#readAbove([ends.target.key, below.key], signal);
    const now = await this.#again(ends);
    const equivalent = await this.#equivalent(now.target, below.key);
    const asked = { ...this.#request(now, below), ...(equivalent === undefined ? {} : { equivalent }) };
    return this.#carryOut(plan(asked), ends.target, audit, signal);
  }

  async #one(
    audit: string,
    request: OperationRequest,
    plan: (ends: Ends) => Plan,
    signal: AbortSignal,
  ): Promise<OperationOutcome> {
    const ends = await this.#read(request.target, signal);
    const above = sourceKey(ends.target);
    const source = above && (await this.#refresh(above, signal).catch(() => undefined));
    const top = source && sourceKey(source);
    if (top !== undefined) await this.#refresh(top, signal).catch(() => undefined);
    return this.#carryOut(plan(await this.#again(ends)), ends.target, audit, signal);
  }

  async #carryOut(plan: Plan, { key }: Instance, audit: string, signal: AbortSignal): Promise<OperationOutcome> {
    if (plan.kind === 'refused') throw conflict(plan.reason);
    const text = await this.#move(plan, key, audit, signal);
    return { subject: key, moved: [key], errors: [], text };
  }

  async #move(plan: MovePlan, key: InstanceKey, audit: string, signal: AbortSignal): Promise<string> {
    const text = `${audit} ${keyText(key)} by ${plan.method}: ${plan.why}`;
    const { statements, matched } = await this.#mover.run(plan, text, signal);
    const sent = statements.map(({ server, sql }) => `${keyText(server)}: ${sql}`).join('; ');
    this.#deps.audit(audit, key, `${plan.why}; ${sent}`);
    return matched === undefined ? text : `${text}: ${coordinatesText(matched)}`;
  }

  async #replicas(
    plan: Planner,
    audit: string,
    request: OperationRequest,
    signal: AbortSignal,
  ): Promise<OperationOutcome> {
    const ends = await this.#read(request.target, signal);
    const source = await this.#again(ends);
    const asked = request.below ?? (audit === 'move-up-replicas' ? undefined : source.target.key);
    const to = asked && (await this.#refresh(asked, signal)).key;
    const wanted = this.#chosen(source.snapshot, source.target, request.pattern).filter(({ key }) => !sameKey(key, to));
    const done = await this.#many(wanted, plan, to, audit, signal);
    if (wanted.length > 0 && done.moved.length === 0) throw conflict(done.errors.join('; '));
    return { subject: to ?? source.target.key, ...done, text: `${done.moved.length} replicas moved` };
  }

  /** Those that go by GTID at the same time; where servers are halted for one another, one by one. */
  async #many(
    wanted: readonly Instance[],
    plan: Planner,
    to: InstanceKey | undefined,
    audit: string,
    signal: AbortSignal,
  ): Promise<Pick<OperationOutcome, 'moved' | 'errors'>> {
    const moved: InstanceKey[] = [];
    const errors: string[] = [];
    const fresh = await Promise.allSettled(wanted.map(({ key }) => this.#refresh(key, signal)));
    const plans: { readonly key: InstanceKey; readonly plan: Plan }[] = [];
    const planned = ({ key }: Instance): Plan => {
      const ends = this.#ends(key);
      return plan(this.#request(ends, to === undefined ? ends.target : this.#ends(to).target));
    };
    fresh.forEach((read, at) => {
      const instance = wanted[at];
      if (instance === undefined) return;
      if (read.status === 'rejected') errors.push(`${keyText(instance.key)}: ${errorText(read.reason)}`);
      else plans.push({ key: read.value.key, plan: planned(read.value) });
    });
    const run = async ({ key, plan: chosen }: { readonly key: InstanceKey; readonly plan: Plan }): Promise<void> => {
      try {
        if (chosen.kind === 'refused') throw conflict(chosen.reason);
        await this.#move(chosen, key, audit, signal);
        moved.push(key);
      } catch (err) {
        errors.push(`${keyText(key)}: ${errorText(err)}`);
      }
    };
    const alone = plans.filter((one) => one.plan.kind === 'move' && one.plan.locks.length > 1);
    await inLanes(
      plans.filter((one) => !alone.includes(one)),
      this.#deps.settings.parallelMoves,
      run,
    );
    await inLanes(alone, 1, run);
    return { moved, errors };
  }

  #regroup(
    way: RegroupWay,
    audit: string,
    { target }: OperationRequest,
    signal: AbortSignal,
  ): Promise<OperationOutcome> {
    return regroup(this.#room(signal), { way, audit, target }, signal);
  }

  #room(signal: AbortSignal) {
    const move: CarryOut = (plan, key, type) => this.#move(plan, key, type, signal);
    return { ...this.#deps, ends: (key: InstanceKey) => this.#ends(key), move };
  }

  #leadRoom(signal: AbortSignal): LeadRoom {
    return {
      ...this.#room(signal),
      mover: this.#mover,
      relocateAll: (siblings, below) => this.#many(siblings, planRelocation, below, 'relocate-replicas', signal),
    };
  }

  async #takeSiblings(request: OperationRequest, signal: AbortSignal): Promise<OperationOutcome> {
    const { target } = await this.#read(request.target, signal);
    const source = sourceKey(target);
    if (source === undefined) throw conflict(`instance is not a replica: ${keyText(target.key)}`);
    const { snapshot } = this.#ends(target.key);
    const siblings = replicasOf(snapshot, source)
      .map(({ instance }) => instance)
      .filter(({ key }) => !sameKey(key, target.key));
    const done = await this.#many(siblings, planRelocation, target.key, 'relocate-replicas', signal);
    if (siblings.length > 0 && done.moved.length === 0) throw conflict(done.errors.join('; '));
    return { subject: target.key, ...done, text: `${done.moved.length} siblings taken` };
  }

  async #matchUpReplicas(match: Planner, request: OperationRequest, signal: AbortSignal): Promise<OperationOutcome> {
    const below = sourceKey((await this.#read(request.target, signal)).target);
    if (below === undefined) throw conflict(`instance is not a replica: ${keyText(request.target)}`);
    return this.#replicas(match, 'multi-match-below-independent', { ...request, below }, signal);
  }

  async #takeSource(request: OperationRequest, signal: AbortSignal): Promise<OperationOutcome> {
    const before = await this.#read(request.target, signal);
    const demoted = sourceKey(before.target);
    const done = await this.#one('take-master', request, (ends) => planTakeSource(this.#request(ends)), signal);
    if (demoted === undefined) return done;
    await this.#deps.tookSource(done.subject, demoted);
    return { ...done, moved: [...done.moved, demoted] };
  }

  /** In the log of another server, where an earlier move found it out: the place where this replica stands. */
  async #equivalent(replica: Instance, below: InstanceKey): Promise<BinlogCoordinates | undefined> {
    const server = sourceKey(replica);
    const at = replica.replication?.executed;
    if (server === undefined || at === undefined || at.file === '') return undefined;
    const known = await this.#deps.equivalences.of({ server, at }).catch(() => []); // the backend does not answer
    return known.find((one) => sameKey(one.server, below))?.at;
  }

  #chosen(snapshot: ClusterSnapshot, source: Instance, pattern = ''): readonly Instance[] {
    const all = replicasOf(snapshot, source.key).map(({ instance }) => instance);
    if (pattern === '') return all;
    const expression = compileGoRegexp(pattern);
    return expression === undefined ? [] : all.filter(({ key }) => expression.test(keyText(key)));
  }

  async #read(key: InstanceKey, signal: AbortSignal): Promise<Ends> {
    const { key: own } = await this.#refresh(key, signal);
    return this.#ends(own);
  }

  /** Everybody on the way: what was read while another move had a server halted says nothing about it now. */
  async #readAbove(keys: readonly InstanceKey[], signal: AbortSignal): Promise<void> {
    const above = new Map<string, InstanceKey>();
    for (const key of keys) {
      let source = sourceKey(this.#ends(key).target);
      while (source !== undefined && !above.has(keyText(source))) {
        above.set(keyText(source), source);
        const { snapshot } = this.#ends(key);
        const known = memberOf(snapshot, source)?.instance;
        source = known && sourceKey(known);
      }
    }
    await Promise.allSettled([...above.values()].map((key) => this.#refresh(key, signal)));
  }

  #refresh(key: InstanceKey, signal: AbortSignal): Promise<Instance> {
    if (isDetachedHost(key.hostname)) throw conflict(`${keyText(key)} is a detached source`);
    return this.#deps.refresh(key, signal);
  }

  /** As memory has it, which what was just read is a part of. */
  #ends(key: InstanceKey): Ends {
    for (const snapshot of this.#deps.snapshots()) {
      const member = memberOf(snapshot, key);
      if (member !== undefined) return { snapshot, target: member.instance };
    }
    throw new OrchestratorError('NOT_FOUND', `Cannot read instance: ${keyText(key)}`);
  }

  async #again({ target }: Ends): Promise<Ends> {
    return this.#ends(target.key);
  }

  #request({ snapshot, target }: Ends, below: Instance = target): MoveRequest {
    return { snapshot, replica: target, below, options: this.#deps.settings };
  }
}

function conflict(message: string): OrchestratorError {
  return new OrchestratorError('CONFLICT', message);
}
