import { isBroken, ownWrites, receivedCount, usableContent, withoutTransactions } from './candidate-content.ts';
import { type Instance, isBinlogServer, lagSeconds } from './instance.ts';
import { compareKeys, type InstanceKey, keyText, sameKey } from './instance-key.ts';
import { promotionRank } from './promotion-rule.ts';
import { hasUnapplied, holdsAllReceived, layersByReceived } from './received.ts';
import { binlogFormatRank, type ReplicationRuleOptions, whyCannotReplicateFrom } from './replication-rules.ts';
import { compareMajor, parseServerVersion } from './server-version.ts';

export interface CandidateOptions extends Omit<ReplicationRuleOptions, 'snapshot'> {
  readonly preventCrossDataCenter: boolean;
  readonly preventCrossRegion: boolean;
  readonly isBanned: (key: InstanceKey) => boolean;
  /** A server lagging this much or more, or by an unknown time, may not lead. 0: lag does not matter. */
  readonly maxLagSeconds: number;
}

export interface CandidateInput {
  /** The failed primary as last seen. */
  readonly failed: Instance | undefined;
  /** Its reachable replicas, freshly read. */
  readonly replicas: readonly Instance[];
  /** The one server to promote: it, or none. */
  readonly designated?: InstanceKey;
  readonly options: CandidateOptions;
}

export interface Refusal {
  readonly key: InstanceKey;
  readonly reason: string;
}

export interface ChosenCandidate {
  readonly kind: 'chosen';
  readonly candidate: Instance;
  /** Another server than the candidate: the candidate must first be fed from it. */
  readonly mostAdvanced: Instance;
  readonly reasons: readonly string[];
  readonly excluded: readonly Refusal[];
  /** Hold what the candidate will lack even after it was fed: to be kept aside. Own errant writes do not count here. */
  readonly diverged: readonly Instance[];
  /** Replicas with transactions of their own that nobody else has. */
  readonly errant: readonly Instance[];
  /** Replicas that may not follow the candidate. */
  readonly cannotFollow: readonly Refusal[];
}

export interface NoCandidate {
  readonly kind: 'none';
  readonly reasons: readonly string[];
  readonly excluded: readonly Refusal[];
}

/** A replica with what was worked out about it once. */
interface Runner {
  readonly instance: Instance;
  readonly errant: string;
  /** Received, own errant writes left out. */
  readonly content: Instance;
  /** The part of it that can be handed on. */
  readonly usable: Instance;
}

/** One way out: promote `leader` after it was fed from `feeder`, which may be the leader itself. */
interface Option {
  readonly leader: Runner;
  readonly feeder: Runner;
  readonly rank: readonly (number | bigint)[];
}

interface Field {
  readonly input: CandidateInput;
  readonly runners: readonly Runner[];
  /** Layer per text key, 0 for the most advanced. */
  readonly layers: ReadonlyMap<string, number>;
  readonly usualVersion: Instance | undefined;
  readonly usualFormat: number;
}

/** Picks the replica to promote. Pure, and independent of the order of `replicas`. */
export function chooseCandidate(input: CandidateInput): ChosenCandidate | NoCandidate {
  const field = fieldOf(input);
  const refusals = field.runners.map(({ instance }) => ({ key: instance.key, reason: whyMayNotLead(instance, input) }));
  const excluded = refusals.filter((refusal): refusal is Refusal => refusal.reason !== undefined);
  const mayLead = field.runners.filter(({ instance }) => !excluded.some(({ key }) => sameKey(key, instance.key)));
  const leaders = mayLead.filter(({ instance }) => !input.designated || sameKey(instance.key, input.designated));
  if (leaders.length === 0) return { kind: 'none', reasons: [whyNone(input, excluded)], excluded };

  const [best] = leaders.flatMap((leader) => optionsFor(leader, field)).sort(compareOptions);
  if (best === undefined) return { kind: 'none', reasons: ['no replica can be promoted'], excluded };
  return chosen(best, field, excluded);
}

function chosen(best: Option, field: Field, excluded: readonly Refusal[]): ChosenCandidate {
  const candidate = best.leader.instance;
  const others = field.runners.filter((runner) => runner !== best.leader);
  const diverged = others.filter(({ content }) => !holdsAllReceived(best.feeder.usable, content));
  const choice = {
    kind: 'chosen',
    candidate,
    mostAdvanced: best.feeder.instance,
    excluded,
    diverged: diverged.map(({ instance }) => instance),
    errant: field.runners.filter(({ errant }) => errant !== '').map(({ instance }) => instance),
    cannotFollow: refusalsBelow(best.leader, field),
  } as const;
  return { ...choice, reasons: reasonsFor(choice, field.input) };
}

function fieldOf(input: CandidateInput): Field {
  const replicas = [...input.replicas].sort((a, b) => compareKeys(a.key, b.key));
  const runners = replicas.map((instance) => {
    const others = replicas.filter((other) => other !== instance);
    const errant = ownWrites(instance, others, input.failed);
    return {
      instance,
      errant,
      content: withoutTransactions(instance, errant),
      usable: usableContent(instance, errant),
    };
  });
  const layers = new Map<string, number>();
  layersByReceived(runners.map(({ usable }) => usable)).forEach((layer, depth) => {
    for (const { key } of layer) layers.set(keyText(key), depth);
  });
  return {
    input,
    runners,
    layers,
    usualVersion: mostFrequent(replicas, (one) => parseServerVersion(one.version), compareMajor),
    usualFormat: binlogFormatRank(
      mostFrequent(
        replicas,
        (one) => binlogFormatRank(one.binlogFormat),
        (a, b) => a - b,
      )?.binlogFormat ?? 'ROW',
    ),
  };
}

/** The server whose trait is the most frequent; of equally frequent traits, the smallest. */
function mostFrequent<T>(
  instances: readonly Instance[],
  traitOf: (instance: Instance) => T,
  compare: (a: T, b: T) => number,
): Instance | undefined {
  const frequency = (one: Instance) => instances.filter((other) => compare(traitOf(one), traitOf(other)) === 0).length;
  return [...instances].sort((a, b) => frequency(b) - frequency(a) || compare(traitOf(a), traitOf(b)))[0];
}

function whyMayNotLead(instance: Instance, { failed, options }: CandidateInput): string | undefined {
  if (!instance.binlogEnabled) return 'has no binary log';
  if (!instance.logReplicaUpdates) return 'does not log what it replicates';
  if (isBinlogServer(instance)) return 'is a binlog server';
  if (instance.promotionRule === 'must_not') return 'promotion rule is must_not';
  if (options.isBanned(instance.key)) return 'banned from promotion';
  if (options.preventCrossDataCenter && (failed === undefined || instance.dataCenter !== failed.dataCenter)) {
    return `is in data centre "${instance.dataCenter}", not in that of the failed server`;
  }
  if (options.preventCrossRegion && (failed === undefined || instance.region !== failed.region)) {
    return `is in region "${instance.region}", not in that of the failed server`;
  }
  if (options.maxLagSeconds <= 0) return undefined;
  const lag = lagSeconds(instance);
  if (lag === undefined) return 'lag is not known';
  return lag >= options.maxLagSeconds ? `lags by ${lag} s, ${options.maxLagSeconds} s are too much` : undefined;
}

function whyNone({ designated, replicas }: CandidateInput, excluded: readonly Refusal[]): string {
  if (designated === undefined) return replicas.length === 0 ? 'no replica' : 'no replica may lead';
  const refusal = excluded.find(({ key }) => sameKey(key, designated));
  return `designated server ${keyText(designated)} cannot be promoted: ${refusal?.reason ?? 'not a usable replica'}`;
}

/** The leader as it is, and fed from each of the most advanced that holds all the leader has. */
function optionsFor(leader: Runner, field: Field): readonly Option[] {
  const leftBehind = refusalsBelow(leader, field).length;
  const feeders = field.runners.filter((feeder) => feeder === leader || canFeed(feeder, leader, field));
  return feeders.map((feeder) => ({ leader, feeder, rank: rankOf(leader, feeder, leftBehind, field) }));
}

function canFeed(feeder: Runner, leader: Runner, { input, layers }: Field): boolean {
  const isTop = ({ instance }: Runner) => layers.get(keyText(instance.key)) === 0;
  if (!isTop(feeder) || isTop(leader)) return false;
  if (!holdsAllReceived(feeder.usable, leader.usable) || holdsAllReceived(leader.usable, feeder.usable)) return false;
  return whyCannotReplicateFrom(leader.instance, feeder.instance, input.options) === undefined;
}

/** Smaller is better, compared from the left: first whether data is lost, then what the operator wants, then effort. */
function rankOf(leader: Runner, feeder: Runner, leftBehind: number, field: Field): readonly (number | bigint)[] {
  const { failed } = field.input;
  const { instance } = leader;
  const samePlace =
    instance.dataCenter === failed?.dataCenter && instance.physicalEnvironment === failed.physicalEnvironment;
  return [
    Number(field.layers.get(keyText(feeder.instance.key)) !== 0),
    Number(isBroken(instance)),
    Number(leader.errant !== ''),
    Number(isDelayed(instance)),
    leftBehind,
    promotionRank(instance.promotionRule === 'must' ? 'prefer' : instance.promotionRule),
    Number(!samePlace),
    Number(isUnusual(instance, field)),
    -receivedCount(feeder.usable),
    field.layers.get(keyText(instance.key)) ?? 0,
    Number(feeder.errant !== ''),
    Number(isDelayed(feeder.instance)),
    Number(hasUnapplied(instance)), // its lag may still read 0
    lagSeconds(instance) ?? Number.MAX_SAFE_INTEGER,
  ];
}

function compareOptions(a: Option, b: Option): number {
  for (const [at, left] of a.rank.entries()) {
    const right = b.rank[at] ?? left;
    if (left !== right) return left < right ? -1 : 1;
  }
  return (
    compareKeys(a.leader.instance.key, b.leader.instance.key) ||
    compareKeys(a.feeder.instance.key, b.feeder.instance.key)
  );
}

function isDelayed(instance: Instance): boolean {
  return (instance.replication?.delaySeconds ?? 0) > 0;
}

/** A newer version or larger binlog format than most have: others may not be able to follow. */
function isUnusual(instance: Instance, { usualVersion, usualFormat }: Field): boolean {
  if (usualVersion === undefined) return false;
  const newer = compareMajor(parseServerVersion(instance.version), parseServerVersion(usualVersion.version)) > 0;
  return newer || binlogFormatRank(instance.binlogFormat) > usualFormat;
}

function refusalsBelow(leader: Runner, { runners, input }: Field): readonly Refusal[] {
  return runners.flatMap(({ instance }) => {
    if (instance === leader.instance) return [];
    const reason = whyCannotReplicateFrom(instance, leader.instance, input.options);
    return reason === undefined ? [] : [{ key: instance.key, reason }];
  });
}

function reasonsFor(
  choice: Omit<ChosenCandidate, 'reasons'>,
  { failed, designated }: CandidateInput,
): readonly string[] {
  const { candidate, mostAdvanced, diverged, cannotFollow } = choice;
  const fed = !sameKey(candidate.key, mostAdvanced.key);
  const list = (keys: readonly InstanceKey[]) => keys.map(keyText).join(', ');
  const lines: readonly (string | false)[] = [
    designated !== undefined && 'designated by the operator',
    `promotion rule ${candidate.promotionRule}`,
    failed !== undefined && candidate.dataCenter === failed.dataCenter && 'same data centre as the failed server',
    fed
      ? `to be fed from ${keyText(mostAdvanced.key)}, which received more`
      : diverged.length === 0 && 'received all that any replica has',
    isBroken(candidate) && 'its applier is broken; no other replica can take over',
    choice.errant.some(({ key }) => sameKey(key, candidate.key)) &&
      'has errant transactions; no other replica can take over',
    isDelayed(candidate) && 'is a delayed replica; no other replica can take over',
    diverged.length > 0 && `lacks transactions of ${list(diverged.map(({ key }) => key))}`,
    cannotFollow.length > 0 && `cannot be followed by ${list(cannotFollow.map(({ key }) => key))}`,
  ];
  return lines.filter((line) => line !== false);
}
