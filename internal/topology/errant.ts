import { GtidSet } from './gtid-set.ts';
import { type Instance, sourceKey } from './instance.ts';
import { sameKey } from './instance-key.ts';
import { MariadbState, mariadbGtidText } from './mariadb-gtid.ts';

/**
 * Transactions executed on the replica that did not come from above: a GTID set (MySQL) or the last errant GTID of each
 * (domain, server) (MariaDB). Empty: none, or `sourceValid` is false, since a dead server's last words are no yardstick.
 *
 * @param ancestors UUIDs (MySQL) or server ids as text (MariaDB) of the servers above the replica, in any order
 */
export function errantGtids(
  replica: Instance,
  source: Instance,
  ancestors: readonly string[],
  sourceValid: boolean,
): string {
  if (!sourceValid) return '';
  if (replica.gtid.kind === 'mysql' && source.gtid.kind === 'mysql') {
    if (replica.gtid.executed === source.gtid.executed) return '';
    const known = knownWriters(replica, source, replica.serverUuid, [...ancestors, source.serverUuid]);
    return mysqlErrant(replica.gtid.executed, source.gtid.executed, known);
  }
  if (replica.gtid.kind === 'mariadb' && source.gtid.kind === 'mariadb') {
    const known = knownWriters(replica, source, `${replica.serverId}`, [...ancestors, `${source.serverId}`]);
    const above = MariadbState.parse([source.gtid.binlogState, source.gtid.slavePos].join(','));
    return mariadbErrant(replica.gtid.binlogState, above, known);
  }
  return '';
}

/** Whose transactions are not errant. A replica's own are, unless its source replicates from it in turn. */
function knownWriters(replica: Instance, source: Instance, own: string, above: readonly string[]): readonly string[] {
  const others = above.filter((writer) => writer !== '' && writer !== own);
  return sameKey(sourceKey(source), replica.key) ? [...others, own] : others;
}

/** The ancestors' own transactions are left out: the two sets were read at different times. */
function mysqlErrant(own: string, above: string, known: readonly string[]): string {
  const suspects = GtidSet.parse(own).withoutUuids(known);
  return suspects.isEmpty ? '' : suspects.subtract(GtidSet.parse(above)).toString();
}

function mariadbErrant(own: string, above: MariadbState, known: readonly string[]): string {
  return MariadbState.parse(own)
    .entries()
    .filter((gtid) => !known.includes(`${gtid.serverId}`) && !above.holds(gtid))
    .map(mariadbGtidText)
    .join(',');
}
