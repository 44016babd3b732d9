import { GtidSet } from './gtid-set.ts';
import type { Instance } from './instance.ts';
import { MariadbState, mariadbGtidText } from './mariadb-gtid.ts';

export interface AncestryView {
  /** UUIDs (MySQL) or server ids as text (MariaDB) of the servers above the replica, in any order. */
  readonly ancestors: readonly string[];
  /** Whether the source's GTIDs come from a good, fresh probe. A dead server's last words are no yardstick. */
  readonly sourceValid: boolean;
}

/**
 * Transactions executed on the replica that did not come from above: a GTID set (MySQL) or the last errant GTID of each
 * (domain, server) (MariaDB). Empty: none, or the source's state cannot be relied upon.
 */
export function errantGtids(replica: Instance, source: Instance, { ancestors, sourceValid }: AncestryView): string {
  if (!sourceValid) return '';
  if (replica.gtid.kind === 'mysql' && source.gtid.kind === 'mysql') {
    return mysqlErrant(replica, replica.gtid.executed, source, source.gtid.executed, ancestors);
  }
  if (replica.gtid.kind === 'mariadb' && source.gtid.kind === 'mariadb') {
    const above = MariadbState.parse([source.gtid.binlogState, source.gtid.slavePos].join(','));
    return mariadbErrant(replica, replica.gtid.binlogState, source, above, ancestors);
  }
  return '';
}

/** The ancestors' own transactions are left out: the two sets were read at different times. */
function mysqlErrant(
  replica: Instance,
  own: string,
  source: Instance,
  above: string,
  ancestors: readonly string[],
): string {
  const foreign = [...ancestors, source.serverUuid].filter((uuid) => uuid !== '' && uuid !== replica.serverUuid);
  const suspects = GtidSet.parse(own).withoutUuids(foreign);
  return suspects.isEmpty ? '' : suspects.subtract(GtidSet.parse(above)).toString();
}

function mariadbErrant(
  replica: Instance,
  own: string,
  source: Instance,
  above: MariadbState,
  ancestors: readonly string[],
): string {
  const known = new Set([...ancestors, `${source.serverId}`].filter((id) => id !== `${replica.serverId}`));
  return MariadbState.parse(own)
    .entries()
    .filter((gtid) => !known.has(`${gtid.serverId}`) && !above.holds(gtid))
    .map(mariadbGtidText)
    .join(',');
}
