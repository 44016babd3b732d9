// A process of its own that writes into a store until it is killed: node raft-store-writer.js DIRECTORY. Says `opened N`, then the last index
// of each batch once that is durable; ends with status 1 and the error's code where something fails.

import { writeSync } from 'node:fs';
import type { RaftStore } from '../../internal/raft/store/raft-store.ts';
import { aWrite, commands, open, someBytes, takeSnapshot } from './raft-store.ts';

const SAY = 1;

function writeForEver(store: RaftStore): never {
  let index = store.state.last.index;
  for (let round = 1; ; round += 1) {
    const writes = Array.from({ length: (round % 4) + 1 }, (_, at) =>
      aWrite({ append: commands(index + 1 + 3 * at, 3, 1), hardState: { term: index + 3 * (at + 1), vote: 'n2' } }),
    );
    index += 3 * writes.length;
    if (store.write(writes) !== 'durable') throw new Error('the disk is full');
    writeSync(SAY, `${index}\n`);
    if (round % 40 === 0) {
      takeSnapshot(store, index, 1, someBytes(100_000, index));
      store.write([aWrite({ compactTo: index - 50 })]);
    }
    store.upkeep();
  }
}

try {
  const { store } = open(process.argv[2] ?? '');
  writeSync(SAY, `opened ${store.state.last.index}\n`);
  writeForEver(store);
} catch (err) {
  writeSync(SAY, `${String((err as { code?: unknown }).code)} ${String(err)}\n`);
  process.exit(1);
}
