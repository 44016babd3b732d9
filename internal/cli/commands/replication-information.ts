import { replicating } from '../../topology/instance.ts';
import { keyText } from '../../topology/instance-key.ts';
import { whyCannotReplicateFrom } from '../../topology/replication-rules.ts';
import { type Command, fail } from '../command.ts';

/** Questions about one server, answered from what is stored: its key for yes, nothing for no. */
export const REPLICATION_INFORMATION: readonly Command[] = [
  {
    name: 'can-replicate-from',
    section: 'Replication information',
    summary: 'Print the destination if the instance could replicate from it',
    options: '-i HOST[:PORT] -d! HOST[:PORT]',
    notes: 'With -verbose the reason for a no is logged.',
    each: true,
    run: ({ select, world: { settings }, log }) => {
      const destination = select.destination() ?? fail('Cannot deduce destination: give -d');
      const above = select.member(destination);
      const below = select.member();
      const { lowerVersionAllowed, verifyFilters, reasonableMaintenanceLagSeconds } = settings.coordinator.attempt.plan;
      const reason = whyCannotReplicateFrom(below.watched.instance, above.watched.instance, {
        lowerVersionAllowed,
        verifyFilters,
        reasonableMaintenanceLagSeconds,
        snapshot: above.snapshot,
      });
      if (reason === undefined) return [keyText(destination)];
      log.info({}, reason);
      return [];
    },
  },
  {
    name: 'is-replicating',
    section: 'Replication information',
    summary: 'Print the instance if both its replication threads run',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select }) => {
      const { instance } = select.member().watched;
      return replicating(instance) ? [keyText(instance.key)] : [];
    },
  },
  {
    name: 'is-replication-stopped',
    section: 'Replication information',
    summary: 'Print the instance if both its replication threads are stopped',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select }) => {
      const { key, replication } = select.member().watched.instance;
      return replication?.receiver === 'stopped' && replication.applier === 'stopped' ? [keyText(key)] : [];
    },
  },
];
