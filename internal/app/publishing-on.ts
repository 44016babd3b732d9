import type { Backend } from '../backend/backend.ts';
import { Publisher } from '../kv/publisher.ts';
import { systemNames } from '../mysql/name-service.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { HostAddressBook } from './host-addresses.ts';
import { storesFrom } from './kv-stores.ts';
import type { Current } from './live-config.ts';
import { type PublishedWorld, Publishing } from './publishing.ts';
import type { RecoveryLedger } from './recovery-ledger.ts';

export interface PublishingParts {
  readonly world: () => PublishedWorld & { readonly recovery: { readonly ledger: Pick<RecoveryLedger, 'note'> } };
  readonly current: () => Current;
  readonly store: Backend;
  readonly clock: Clock;
  readonly log: Log;
}

/** Publishing to the stores of the configuration as it is now: they stay until the process ends. */
export async function publishingOn({ world, current, store, clock, log }: PublishingParts): Promise<Publishing> {
  const mayWrite = () => world().agreement.mayAct;
  return new Publishing({
    world,
    publisher: new Publisher({ stores: await storesFrom(current().config), mayWrite, clock, log }),
    addresses: new HostAddressBook({ lookUp: systemNames.addresses, clock }),
    note: (uid, message) => world().recovery.ledger.note(uid, message),
    stored: () => store.names.all('value'),
    get settings() {
      return current().settings;
    },
    clock,
    log,
  });
}
