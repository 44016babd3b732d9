// Which operator scripts run when, and what they are told.

import type { Config } from '../config/keys.ts';
import type { HookRunner } from '../hooks/runner.ts';
import { matchesClusterFilter } from '../recovery/filters.ts';
import { replicasOf } from '../topology/cluster.ts';
import type { BinlogCoordinates } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { HookSubject, RunHooks } from './ports.ts';

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
  return async (list, subject, confirm) => {
    const config = current();
    const chosen = lists(config)[list];
    if (chosen.commands.length === 0) return true;
    return hooks.run(chosen, hookContext(subject, config, host), (message) => note(subject.uid, message), confirm);
  };
}

function hookContext(subject: HookSubject, config: Config, host: string) {
  const { snapshot, failed, record, successor } = subject;
  return {
    failureType: subject.code,
    instanceType:
      subject.kind === 'primary'
        ? ('master' as const)
        : subject.kind === 'coPrimary'
          ? ('co-master' as const)
          : ('intermediate-master' as const),
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
    isSuccessful: record?.successful ?? false,
    lostReplicas: record?.lost.map(({ key }) => keyText(key)) ?? [],
    successor: successor && {
      ...successor,
      alias: record?.successorAlias ?? '',
      coordinates: record?.successorCoordinates && coordinatesText(record.successorCoordinates),
    },
  };
}

const coordinatesText = ({ file, position }: BinlogCoordinates) => `${file}:${position}`;
