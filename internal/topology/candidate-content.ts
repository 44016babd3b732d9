import { GtidSet } from './gtid-set.ts';
import { type Instance, sourceKey } from './instance.ts';
import { sameKey } from './instance-key.ts';
import { MariadbState, mariadbGtidText } from './mariadb-gtid.ts';
import { channelsOf, mysqlReceived } from './received.ts';

/**
 * Transactions a replica wrote itself and nobody else has, as text; empty if none. What the failed server last said
 * serves only to clear a replica of suspicion (it may have been the primary before), never to accuse it.
 */
export function ownWrites(replica: Instance, others: readonly Instance[], failed: Instance | undefined): string {
  if (failed !== undefined && sameKey(sourceKey(failed), replica.key)) return ''; // co-primaries write, both of them
  const witnesses = failed === undefined ? others : [...others, failed];
  if (replica.gtid.kind === 'mysql') {
    const received = mysqlReceived(replica);
    const foreign = received.uuids().filter((uuid) => uuid !== replica.serverUuid.toLowerCase());
    const own = received.withoutUuids(foreign);
    return own.isEmpty
      ? ''
      : witnesses.reduce((rest, witness) => rest.subtract(mysqlReceived(witness)), own).toString();
  }
  const seen = witnesses.map(mariadbSeen).reduce((all, state) => all.merge(state), MariadbState.EMPTY);
  return MariadbState.parse(replica.gtid.binlogState)
    .entries()
    .filter((gtid) => gtid.serverId === replica.serverId && !seen.holds(gtid))
    .map(mariadbGtidText)
    .join(',');
}

/**
 * The part of a replica's transactions that can be handed on: without what only it wrote, and, where its applier is
 * broken, without the relay log it cannot get through.
 */
export function usableContent(instance: Instance, errant: string): Instance {
  const usable = isBroken(instance) ? withoutRelayLog(instance) : instance;
  return errant === '' ? usable : withoutTransactions(usable, errant);
}

export function withoutTransactions(instance: Instance, errant: string): Instance {
  const { gtid } = instance;
  if (errant === '') return instance;
  if (gtid.kind === 'mysql') {
    const executed = GtidSet.parse(gtid.executed).subtract(GtidSet.parse(errant)).toString();
    return { ...instance, gtid: { ...gtid, executed } };
  }
  const drop = MariadbState.parse(errant);
  const kept = (text: string) =>
    MariadbState.of(
      MariadbState.parse(text)
        .entries()
        .filter((one) => !drop.holds(one)),
    );
  return {
    ...instance,
    gtid: { ...gtid, binlogState: `${kept(gtid.binlogState)}`, binlogPos: `${kept(gtid.binlogPos)}` },
  };
}

export function isBroken(instance: Instance): boolean {
  return channelsOf(instance).some((channel) => channel.applierErrno !== 0);
}

/** Size of what a server received, to break ties between servers that have diverged. */
export function receivedCount(instance: Instance): bigint {
  if (instance.gtid.kind === 'mysql') return mysqlReceived(instance).count();
  return mariadbSeen(instance)
    .entries()
    .reduce((sum, gtid) => sum + gtid.sequence, 0n);
}

function withoutRelayLog(instance: Instance): Instance {
  const { replication } = instance;
  if (replication === undefined) return instance;
  return {
    ...instance,
    replication: { ...replication, received: '', read: replication.executed },
    otherChannels: instance.otherChannels.map((channel) => ({ ...channel, received: '', read: channel.executed })),
  };
}

function mariadbSeen(instance: Instance): MariadbState {
  const { gtid } = instance;
  if (gtid.kind !== 'mariadb') return MariadbState.EMPTY;
  const received = channelsOf(instance).map((channel) => channel.received);
  return MariadbState.parse([gtid.binlogState, gtid.slavePos, gtid.binlogPos, ...received].join(','));
}
