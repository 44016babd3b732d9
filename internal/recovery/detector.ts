import type { Clock } from '../runtime/clock.ts';
import { replicasOf } from '../topology/cluster.ts';
import { sameKey } from '../topology/instance-key.ts';
import type { DetectionRecord } from './detections.ts';
import type { Mandate } from './mandate.ts';
import type { Verdict } from './verdict.ts';

export interface DetectorSettings {
  /** How long a problem that was told of stays told. */
  readonly periodMs: number;
}

export interface DetectorDeps {
  readonly settings: DetectorSettings;
  readonly clock: Clock;
  readonly newUid: () => string;
  /** Detections that a former process told of. */
  readonly known: readonly DetectionRecord[];
  /** `told`: people and scripts hear of it. Resolves when that is agreed on. @throws {OrchestratorError} `NOT_LEADER` */
  readonly store: (detection: DetectionRecord, told: boolean) => Promise<void>;
  /** Runs the operator's detection scripts; false when one failed. */
  readonly hooks: (detection: DetectionRecord, verdict: Verdict, mandate: Mandate) => Promise<boolean>;
}

/**
 * Tells of each problem of each server once per period. The code is part of what makes a detection new, so that an
 * unreachable primary that turns out dead is told of again.
 */
export class Detector {
  readonly #deps: DetectorDeps;
  #active: readonly DetectionRecord[];

  constructor(deps: DetectorDeps) {
    this.#deps = deps;
    this.#active = deps.known;
  }

  /**
   * True when all has been said. False: a script of a new detection failed, so this attempt at a recovery stops; the
   * next one finds the detection known and goes on, since a broken script must not leave a cluster without a primary.
   */
  async register(
    verdict: Verdict,
    actionable: boolean,
    mandate: Mandate,
    options: { readonly skipHooks: boolean },
  ): Promise<boolean> {
    const { settings, clock, newUid, store, hooks } = this.#deps;
    const nowMs = clock.nowMs();
    this.#active = this.#active.filter(({ detectedMs }) => nowMs - detectedMs < settings.periodMs);
    const same = (one: DetectionRecord) =>
      one.code === verdict.code && sameKey(one.failed, verdict.key) && one.actionable === actionable;
    if (this.#active.some(same)) return true;
    const { snapshot, key, code } = verdict;
    const detection: DetectionRecord = {
      uid: newUid(),
      code,
      failed: key,
      cluster: snapshot.name,
      alias: snapshot.alias,
      replicas: replicasOf(snapshot, key).map(({ instance }) => instance.key),
      actionable,
      detectedMs: nowMs,
    };
    if (!options.skipHooks) this.learn(detection); // where nobody was told, the next one tells
    try {
      await store(detection, !options.skipHooks);
    } catch (err) {
      this.forget(({ uid }) => uid === detection.uid);
      throw err;
    }
    return options.skipHooks || hooks(detection, verdict, mandate);
  }

  /** In place of all that it knows. */
  reload(detections: readonly DetectionRecord[]): void {
    this.#active = detections;
  }

  /** What people and scripts were told of, here or elsewhere. */
  learn(detection: DetectionRecord): void {
    if (this.#active.some(({ uid }) => uid === detection.uid)) return;
    this.#active = [detection, ...this.#active];
  }

  /** What was acknowledged or healed may be told of again. */
  forget(selects: (detection: DetectionRecord) => boolean): void {
    this.#active = this.#active.filter((detection) => !selects(detection));
  }
}
