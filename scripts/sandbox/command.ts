import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Flavour, findFlavours, Sandbox } from './sandbox.ts';

const HELP = `npm run sandbox -- [options]: real servers on loopback until Ctrl-C

  --servers N                 how many; default 4
  --flavour mariadb|mysql     default: what is found first
  --topology star|chain       who follows whom; default star
  --keep                      keep the data in .sandbox/servers; the next run finds it
`;

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '4' },
    flavour: { type: 'string' },
    topology: { type: 'string', default: 'star' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const flavours = await findFlavours();
const flavour = (values.flavour ?? flavours[0]) as Flavour | undefined;
const servers = Number(values.servers);
if (flavour === undefined || !flavours.includes(flavour)) {
  process.stderr.write(`no ${flavour ?? 'MariaDB or MySQL'} server here; found: ${flavours.join(', ') || 'none'}\n`);
  process.exit(1);
}
if (!Number.isInteger(servers) || servers < 1 || servers > 40 || !['star', 'chain'].includes(values.topology)) {
  process.stderr.write(`--servers takes 1 to 40, --topology star or chain\n${HELP}`);
  process.exit(1);
}
const directory = resolve('.sandbox/servers');
if (!values.keep) rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const sandbox = await Sandbox.create({ flavour, servers, directory, topology: values.topology as 'star' | 'chain' });
for (const server of sandbox.servers)
  process.stdout.write(`${server.key.hostname}:${server.key.port}  pid ${server.pid}\n`);
process.stdout.write("user 'orchestrator', password 'orch_topology'; Ctrl-C stops them\n");
await new Promise<void>((done) => {
  process.once('SIGINT', () => done());
  process.once('SIGTERM', () => done());
});
await sandbox.stop();
if (!values.keep) rmSync(directory, { recursive: true, force: true });
process.exit(0);
