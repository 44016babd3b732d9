// Makes the data directory of each family that this machine has a server of, so that tests that begin at the same time find them made.
// Leaves them in .cache/servers.

import { baseDirectory } from './base.ts';
import { findFlavours } from './program.ts';

for (const flavour of await findFlavours()) baseDirectory(flavour);
