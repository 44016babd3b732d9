// A test that holds a network, to be killed: prints the pid of a program on one of its hosts.

import { NamespaceNetwork } from './namespaces.ts';

const network = await NamespaceNetwork.open(2);
const { pid } = await network.hosts[0]!.run('sleep', ['600'], '/dev/null');
console.log(pid);
setInterval(() => undefined, 1_000);
