import type { RefusalReason } from './effects.ts';
import type { Input } from './inputs.ts';
import type { Office } from './office.ts';
import { isVoter } from './quorum.ts';
import type { CoreState } from './state.ts';
import { follow } from './terms.ts';
import type { MemberId } from './types.ts';

/*
 * Handing leadership over: no more proposals, no more lease, bring the target's log level, order it to campaign at once. An order that has
 * not led to a new term within T lapses; from then on heartbeats carry its number, and whoever has heard one treats a campaign under that
 * order like any other. So a lease after a lapsed order is as good as one before it, however late the order is delivered.
 */

export function onTransfer(state: CoreState, { id, target, preferred }: Input & { kind: 'transfer' }): void {
  const { office } = state;
  const chosen =
    office === undefined ? undefined : chooseTarget(state, office, target === undefined ? preferred : [target]);
  const reason = refusal(office, chosen, target);
  if (reason !== undefined) state.out.refuse(id, reason, state.leader);
  else begin(state, office!, id, chosen!);
}

function refusal(
  office: Office | undefined,
  chosen: MemberId | undefined,
  wanted: MemberId | undefined,
): RefusalReason | undefined {
  if (office === undefined) return 'notLeader';
  if (office.transfer !== undefined) return 'transferring';
  if (!office.serving) return 'notReady';
  return chosen === undefined || (wanted !== undefined && chosen !== wanted) ? 'noTarget' : undefined;
}

/** Runs once the log is replicated as far as it will be in this step. */
export function driveTransfer(state: CoreState, { transfer, progress }: Office): void {
  if (transfer === undefined || transfer.ordered) return;
  if (progress.get(transfer.target)?.match !== state.log.lastIndex) return;
  transfer.ordered = true;
  state.send(transfer.target, { kind: 'timeoutNow', transfer: transfer.number });
}

export function tickTransfer(state: CoreState, office: Office): void {
  const { transfer } = office;
  if (transfer !== undefined) {
    if (state.nowMs >= transfer.deadlineMs) lapse(state, office, transfer.number, transfer.id);
  } else if (state.standing === 'lastResort' && office.serving && state.nowMs >= office.nextHandOverMs) {
    office.nextHandOverMs = state.nowMs + 2 * state.settings.electionTimeoutMs;
    handOver(state, office);
  }
}

/** Of the leader's own accord. Returns whether there is somebody to hand over to. */
export function handOver(state: CoreState, office: Office): boolean {
  const target = chooseTarget(state, office, []);
  if (target !== undefined) begin(state, office, undefined, target);
  return target !== undefined;
}

function begin(state: CoreState, office: Office, id: number | undefined, target: MemberId): void {
  office.transfers += 1;
  const deadlineMs = state.nowMs + state.settings.electionTimeoutMs;
  office.transfer = { id, target, number: office.transfers, deadlineMs, ordered: false };
}

function lapse(state: CoreState, office: Office, number: number, id: number | undefined): void {
  office.transfer = undefined;
  state.closedTransfers = number;
  office.leaseFromRound = office.round + 1;
  office.nextHeartbeatMs = state.nowMs;
  if (id !== undefined) state.out.refuse(id, 'timedOut', state.self);
  if (!isVoter(state.log.configuration, state.self)) follow(state);
}

/** Voters that are ready, heard from within T and close behind: the preferred in their order, then the one with the longest log. */
function chooseTarget(state: CoreState, office: Office, preferred: readonly MemberId[]): MemberId | undefined {
  const { log, settings, nowMs } = state;
  const fit = log.configuration.voters.filter((id) => {
    const progress = office.progress.get(id);
    if (progress === undefined || progress.standing !== 'ready' || progress.state !== 'replicate') return false;
    if (nowMs - progress.heardMs > settings.electionTimeoutMs) return false;
    return log.lastIndex - progress.match <= settings.promotionLagEntries;
  });
  const wished = preferred.find((id) => fit.includes(id));
  if (wished !== undefined) return wished;
  const match = (id: MemberId) => office.progress.get(id)!.match;
  return fit.toSorted((a, b) => match(b) - match(a))[0];
}
