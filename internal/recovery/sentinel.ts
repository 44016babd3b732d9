// Turns findings into verdicts: whenever something about a cluster changed it is analysed, and what can be recovered is
// put before the coordinator. Also asks replicas of a silent primary to reconnect, so that they say what they see.

import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { TaskGroup } from '../runtime/task-group.ts';
import { wallTimeOf } from '../runtime/wall-clock.ts';
import { type ClusterSnapshot, replicasOf } from '../topology/cluster.ts';
import { hasSeveralSources, type Instance, type WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { RecoveryCoordinator } from './coordinator.ts';
import type { Decision } from './decision.ts';
import { KINDS, type RecoveryKind } from './kinds.ts';
import type { Mandate, Office } from './mandate.ts';
import type { Servers } from './ports.ts';
import type { Verdict } from './verdict.ts';

/** One problem of one server, as far as the sentinel needs it. */
export interface Finding {
  readonly key: InstanceKey;
  readonly code: string;
  readonly description: string;
  readonly kind: RecoveryKind;
  /** `recover`: we act on it. `tell`: people and hooks hear of it. `show`: only those who look see it. */
  readonly response: 'recover' | 'tell' | 'show';
  /** The server is unreachable to us while its replicas say they are connected. */
  readonly silent: boolean;
  readonly suppressedBy: Verdict['suppressedBy'];
  readonly heir?: WatchedInstance;
}

export interface SentinelSettings {
  readonly reconnectThrottleMs: number;
  /** So many failed reads in a row confirm a silence. */
  readonly confirmFailures: number;
  readonly stepTimeoutMs: number;
  /** A problem that is only told of must have lasted this long. */
  readonly detectionHoldMs: number;
}

export interface SentinelDeps {
  readonly analyse: (snapshot: ClusterSnapshot) => readonly Finding[];
  readonly snapshot: (cluster: string) => ClusterSnapshot;
  readonly coordinator: RecoveryCoordinator;
  readonly servers: Servers;
  readonly tasks: TaskGroup;
  /** For what changes servers or is told to people; undefined: this node may not act now. */
  readonly office: () => Office | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Silence without a refusal: a host that says nobody listens has told its replicas the same. */
  readonly silentReads: (key: InstanceKey) => number;
  readonly suspect: (key: InstanceKey) => void;
  readonly mayReconnect: (snapshot: ClusterSnapshot) => boolean;
  readonly settings: SentinelSettings;
  /** A code of a server changed (`NoProblem` included), or is the first one: `before` is undefined then. */
  readonly onCode: (key: InstanceKey, cluster: string, code: string, before: string | undefined) => void;
}

/** What a cluster is examined for. `steady`: one of its servers was read once more and is as it was. */
export type News = 'change' | 'steady';

/** A cluster in which nothing is wrong is examined this often without a change, since some rules go by the clock. */
const CALM_INTERVAL_MS = 500;

/** The replicas of one silent primary that were asked to reconnect, each with when, monotonic; infinity: not yet. */
interface ReconnectSweep {
  readonly atMs: number;
  readonly askedMs: Map<string, number>;
}

export class Sentinel {
  readonly #deps: SentinelDeps;
  readonly #due = new Set<string>();
  /** Clusters in which the last examination found nothing to act on or to tell of, and when that was. */
  readonly #calmAtMs = new Map<string, number>();
  readonly #codes = new Map<string, { readonly code: string; readonly sinceMs: number }>();
  readonly #sweeps = new Map<string, ReconnectSweep>();
  /** What the gates answered last, in words, about the present problem of a server. */
  readonly #lastNo = new Map<string, string>();

  constructor(deps: SentinelDeps) {
    this.#deps = deps;
  }

  /**
   * Something was heard about this cluster. Calls of one turn of the event loop are answered by one analysis. While anything
   * is wrong each read counts, a steady one too: that a replica was read after the failure is what a decision waits for.
   */
  touch(cluster: string, news: News = 'change'): void {
    if (this.#due.has(cluster) || (news === 'steady' && this.#isCalm(cluster))) return;
    this.#due.add(cluster);
    this.#deps.tasks.run(`analysis ${cluster}`, async () => {
      await Promise.resolve();
      this.#due.delete(cluster);
      this.#examine(cluster);
    });
  }

  #isCalm(cluster: string): boolean {
    const atMs = this.#calmAtMs.get(cluster);
    return atMs !== undefined && this.#deps.clock.monotonicMs() - atMs < CALM_INTERVAL_MS;
  }

  /** When this replica had been asked to reconnect to the primary, by the wall clock; 0: never, infinity: it is being asked. */
  reconnectAskedMs(primary: InstanceKey, replica: InstanceKey): number {
    const askedMs = this.#sweeps.get(keyText(primary))?.askedMs.get(keyText(replica));
    return askedMs === undefined ? 0 : wallTimeOf(askedMs, this.#deps.clock);
  }

  #examine(cluster: string): void {
    const { analyse, snapshot: take, coordinator, clock, settings } = this.#deps;
    this.#calmAtMs.delete(cluster); // also if this fails
    const snapshot = take(cluster);
    const findings = analyse(snapshot).map((finding) => ({ finding, lastedMs: this.#remember(finding, cluster) }));
    if (findings.length > 0 && findings.every(({ finding }) => finding.response === 'show' && !finding.silent))
      this.#calmAtMs.set(cluster, clock.monotonicMs());
    const office = this.#deps.office();
    if (office === undefined) return; // another node decides
    const { tasks } = office;
    if (coordinator.isBusy(cluster)) return; // what is left to do is found again when that is over
    const verdicts: Verdict[] = [];
    for (const { finding, lastedMs } of findings) {
      if (finding.silent) this.#reconnect(snapshot, finding, office);
      const verdict: Verdict = { ...finding, snapshot, command: '', lastedMs };
      if (finding.response === 'recover') verdicts.push(verdict);
      else if (finding.response === 'tell' && lastedMs >= settings.detectionHoldMs)
        tasks.run(`detection ${cluster}`, () => coordinator.tell(verdict, office));
    }
    if (verdicts.length > 0) tasks.run(`recovery ${cluster}`, () => this.#decide(cluster, verdicts, office));
  }

  /** One after the other, primaries first: each decision has the cluster to itself, and none keeps another from its turn. */
  async #decide(cluster: string, verdicts: readonly Verdict[], mandate: Mandate): Promise<void> {
    for (const verdict of [...verdicts].sort((a, b) => KINDS[a.kind].rank - KINDS[b.kind].rank)) {
      const decision = await this.#deps.coordinator.consider(verdict, mandate);
      this.#report(verdict, decision);
      if (decision.kind !== 'recovered') continue;
      this.touch(cluster); // the world has changed: the others are judged anew
      return;
    }
  }

  #report(verdict: Verdict, decision: Decision): void {
    const text = keyText(verdict.key);
    if (decision.kind === 'recovered') {
      this.#lastNo.delete(text);
      return;
    }
    const no = `${decision.gate.name}: ${decision.gate.value}`;
    if (this.#lastNo.get(text)?.startsWith(decision.gate.name) !== true) {
      this.#deps.log.warn({ instance: text, code: verdict.code, gate: decision.gate }, 'no recovery: a gate says no');
    }
    if (this.#lastNo.get(text) !== no) this.#deps.log.debug({ instance: text, no }, 'no recovery');
    this.#lastNo.set(text, no);
  }

  /** How long the server has had this code, in milliseconds. */
  #remember({ key, code }: Finding, cluster: string): number {
    const text = keyText(key);
    const nowMs = this.#deps.clock.monotonicMs();
    const known = this.#codes.get(text);
    if (known?.code === code) return nowMs - known.sinceMs;
    this.#codes.set(text, { code, sinceMs: nowMs });
    this.#lastNo.delete(text); // a problem that comes again is told of again
    this.#deps.onCode(key, cluster, code, known?.code);
    return 0;
  }

  /**
   * A receiver that is stopped and started drops nothing while its applier runs, and one that an operator stopped stays
   * so: only replicas with both threads on are asked, one sweep per primary and throttle period. If the primary lives they
   * come back at once; if not they report it. Each answers for itself: a frozen one does not hold up what the others say.
   */
  #reconnect(snapshot: ClusterSnapshot, finding: Finding, office: Office): void {
    const { clock, silentReads, mayReconnect, settings, suspect, log } = this.#deps;
    const { reconnectThrottleMs, confirmFailures } = settings;
    const text = keyText(finding.key);
    const nowMs = clock.monotonicMs();
    if (silentReads(finding.key) < confirmFailures || finding.suppressedBy !== undefined || !mayReconnect(snapshot))
      return;
    const last = this.#sweeps.get(text);
    if (last !== undefined && nowMs - last.atMs < reconnectThrottleMs) return;
    const asked = replicasOf(snapshot, finding.key)
      .filter(({ instance, valid }) => valid && canBeAsked(instance) && !snapshot.downtimes.has(keyText(instance.key)))
      .map(({ instance }) => instance.key);
    const askedMs = new Map(asked.map((key) => [keyText(key), Number.POSITIVE_INFINITY]));
    this.#sweeps.set(text, { atMs: nowMs, askedMs });
    log.warn({ instance: text, replicas: [...askedMs.keys()] }, 'primary is silent: asking its replicas to reconnect');
    for (const key of asked)
      office.tasks.run(`reconnect ${keyText(key)} to ${text}`, async () => {
        await this.#reconnectOne(key, finding.key, office);
        askedMs.set(keyText(key), clock.monotonicMs());
        suspect(finding.key);
      });
  }

  async #reconnectOne(replica: InstanceKey, primary: InstanceKey, office: Mandate): Promise<void> {
    const { servers, settings, log } = this.#deps;
    try {
      await office.confirm();
      await servers.change(replica, settings.stepTimeoutMs, office.signal, (session) => session.restartReceiver());
    } catch (err) {
      log.warn(
        { instance: keyText(replica), primary: keyText(primary), err: errorText(err) },
        'replica could not be asked to reconnect',
      );
    }
  }
}

function canBeAsked(instance: Instance): boolean {
  const { replication } = instance;
  if (hasSeveralSources(instance)) return false;
  return replication?.applier === 'running' && replication.receiver !== 'stopped';
}
