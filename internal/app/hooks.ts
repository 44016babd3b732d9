// Which operator scripts run when, and what they are told.

import type { Config } from '../config/keys.ts';
import { HookRunner } from '../hooks/runner.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { replicasOf } from '../topology/cluster.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import type { Current } from './live-config.ts';
import type { HookSubject, RunHooks } from './ports.ts';

/** As the configuration says at the time of each script. */
export function hookRunner(current: Pick<Current, 'config'>, clock: Clock, log: Log): HookRunner {
  return new HookRunner({
    get shellCommand() {
      return current.config.ProcessesShellCommand;
    },
    get timeoutMs() {
      return current.config.HookTimeoutSeconds * 1000;
    },
    clock,
    log,
  });
}

export function hooksOn(
  hooks: HookRunner,
  current: () => Config,
  host: string,
  note: (uid: string, message: string) => void,
): RunHooks {
  const lists = (config: Config) => ({
    detection: {
      name: 'OnFailureDetectionProcesses',
      commands: config.OnFailureDetectionProcesses,
      stopOnFailure: true,
    },
    preGraceful: {
      name: 'PreGracefulTakeoverProcesses',
      commands: config.PreGracefulTakeoverProcesses,
      stopOnFailure: true,
    },
    preFailover: { name: 'PreFailoverProcesses', commands: config.PreFailoverProcesses, stopOnFailure: true },
    postPrimary: {
      name: 'PostMasterFailoverProcesses',
      commands: config.PostMasterFailoverProcesses,
      stopOnFailure: false,
    },
    postIntermediate: {
      name: 'PostIntermediateMasterFailoverProcesses',
      commands: config.PostIntermediateMasterFailoverProcesses,
      stopOnFailure: false,
    },
    postFailover: { name: 'PostFailoverProcesses', commands: config.PostFailoverProcesses, stopOnFailure: false },
    postUnsuccessful: {
      name: 'PostUnsuccessfulFailoverProcesses',
      commands: config.PostUnsuccessfulFailoverProcesses,
      stopOnFailure: false,
    },
    postGraceful: {
      name: 'PostGracefulTakeoverProcesses',
      commands: config.PostGracefulTakeoverProcesses,
      stopOnFailure: false,
    },
  });
  return async (list, subject, confirm, from = 0) => {
    const config = current();
    const whole = lists(config)[list];
    const chosen = { ...whole, commands: whole.commands.slice(from) };
    if (chosen.commands.length === 0) return true;
    return hooks.run(chosen, hookContext(subject, config, host), (message) => note(subject.uid, message), confirm);
  };
}

/** Unlike the others they are told in arguments, and both variables hold `host:port`. */
export async function takeMasterHooks(
  hooks: HookRunner,
  config: Config,
  log: Log,
  successor: InstanceKey,
  demoted: InstanceKey,
): Promise<void> {
  const [now, before] = [keyText(successor), keyText(demoted)];
  await hooks.runWith(
    { name: 'PostTakeMasterProcesses', commands: config.PostTakeMasterProcesses },
    { arguments: [now, before], environment: { ORC_SUCCESSOR_HOST: now, ORC_FAILED_HOST: before } },
    (message) => log.info({ successor: now, demoted: before }, message),
  );
}

/** What scripts are told the failed server is. */
const INSTANCE_TYPES = {
  primary: 'master',
  coPrimary: 'co-master',
  intermediatePrimary: 'intermediate-master',
  groupMember: 'group-member',
  lockedSemiSync: 'master',
  surplusSemiSync: 'master',
  readOnlyPrimary: 'master',
} as const;

function hookContext(subject: HookSubject, config: Config, host: string) {
  const { snapshot, failed, record, successor } = subject;
  return {
    failureType: subject.code,
    instanceType: INSTANCE_TYPES[subject.kind],
    failureDescription: subject.description,
    command: subject.command,
    failed,
    cluster: snapshot.name,
    clusterAlias: snapshot.alias,
    clusterDomain: snapshot.domain || snapshot.name,
    replicas: replicasOf(snapshot, failed).map(({ instance }) => keyText(instance.key)),
    isDowntimed: snapshot.downtimes.has(keyText(failed)),
    autoPrimaryRecovery: matchesClusterFilter(config.RecoverMasterClusterFilters, snapshot),
    autoIntermediateRecovery: matchesClusterFilter(config.RecoverIntermediateMasterClusterFilters, snapshot),
    orchestratorHost: host,
    recoveryUid: subject.uid,
    isSuccessful: record?.successful ?? successor !== undefined, // by contract a planned takeover counts as one before it begins
    lostReplicas: record?.lost.map(({ key }) => keyText(key)) ?? [],
    successor: successor && {
      ...successor,
      alias: record?.successorAlias ?? '',
      coordinates: record?.successorCoordinates && coordinatesText(record.successorCoordinates),
    },
  };
}

const coordinatesText = ({ file, position }: BinlogCoordinates) => `${file}:${position}`;
