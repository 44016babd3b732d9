import type { Backend } from '../backend/backend.ts';
import type { ProbeEvent } from '../discovery/observer.ts';
import type { HostAddresses } from '../recovery/primary-pairs.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { GroupParts } from './group/group-parts.ts';
import type { Happenings } from './happenings.ts';
import { hookRunner, hooksOn, takeMasterHooks } from './hooks.ts';
import type { Current } from './live-config.ts';
import { observedStorage, type RecoveryWatcher } from './observed-storage.ts';
import { Orchestrator } from './orchestrator.ts';
import type { Restored } from './ports.ts';
import type { SharedMode } from './shared/shared-mode.ts';
import { storageOn } from './storage.ts';

export interface Parts {
  readonly current: Current;
  readonly store: Backend;
  readonly restored: Restored;
  readonly trail: AuditTrail;
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly hooksLog: Log;
  readonly onProbed: (event: ProbeEvent) => void;
  readonly watcher?: RecoveryWatcher;
  /** Tells others of what is stored. */
  readonly happenings?: Happenings;
  /** Where this node does not decide alone. */
  readonly group?: GroupParts | undefined;
  /** Where its backend is that of others, too. */
  readonly shared?: SharedMode | undefined;
  /** Of a host, as they were looked up last. */
  readonly addressesOf?: (hostname: string) => HostAddresses;
  /** Waits, not for long, until others were told of a promotion. */
  readonly published?: () => Promise<void>;
  /** Told to hand over. */
  readonly draining?: () => boolean;
  /** For one command: nothing happens that was not asked for. */
  readonly passive?: boolean;
}

/** The orchestrator on its backend and its hooks, as the daemon and the acting commands of the command line have it. */
export function assemble(parts: Parts): Orchestrator {
  const { current, store, restored, trail, hostname, clock, log, hooksLog, onProbed, watcher, passive, group, shared } =
    parts;
  const hooks = hookRunner(current, clock, hooksLog);
  const runHooks = hooksOn(
    hooks,
    () => current.config,
    hostname,
    (uid, message) => orchestrator.recovery.ledger.note(uid, message),
  );
  const local = storageOn(store, trail, log, (watched) => orchestrator.inventory.depth(watched));
  const storage = group?.storageOn(local) ?? local;
  const observed = watcher === undefined ? storage : observedStorage(storage, watcher, clock);
  const orchestrator: Orchestrator = new Orchestrator({
    get settings() {
      return current.settings;
    },
    storage: parts.happenings?.around(observed) ?? observed,
    restored,
    ...(parts.draining === undefined ? {} : { draining: parts.draining }),
    ...(parts.addressesOf === undefined ? {} : { addressesOf: parts.addressesOf }),
    runHooks: async (list, ...rest) => {
      if (list === 'postPrimary') await parts.published?.(); // such scripts read what was published
      return runHooks(list, ...rest);
    },
    tookSource: (successor, demoted) => takeMasterHooks(hooks, current.config, log, successor, demoted),
    clock,
    log,
    onProbed,
    ...(group === undefined ? {} : { peers: group.peers }),
    passive: passive ?? false,
    node: hostname,
    ...(group === undefined ? {} : { agreementOn: (apply) => group.agreementOn(apply) }),
    ...(shared === undefined ? {} : { agreementOn: (apply) => shared.agreementOn(apply) }),
  });
  return orchestrator;
}
