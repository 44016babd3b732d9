import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { claim } from './claim.ts';
import { ADMIN_LOGIN, type Flavour, findFlavours, type Login, Sandbox, TOPOLOGY_LOGIN } from './sandbox.ts';

const HELP = `npm run sandbox -- [options]: real servers on loopback until Ctrl-C

  --servers N                 how many, 1 to 40; default 4
  --flavour mariadb|mysql     default: what is found first
  --topology star|chain       who follows whom; default star
  --directory DIR             where the data is; default .sandbox/bare-FLAVOUR
  --keep                      keep the data; the next run with --keep starts it as it was left
`;

interface Wishes {
  readonly flavour: Flavour;
  readonly servers: number;
  readonly topology: 'star' | 'chain';
  readonly directory: string;
  readonly keep: boolean;
}

/** @throws {Error} when something is asked for that is not there. */
async function read(): Promise<Wishes | 'help'> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: { servers: text, flavour: text, topology: text, directory: text, keep: flag, help: flag },
  });
  if (values.help) return 'help';
  const flavours = await findFlavours();
  const flavour = flavours.find((one) => values.flavour === undefined || one === values.flavour);
  if (flavour === undefined)
    throw new Error(`no ${values.flavour ?? 'MariaDB or MySQL'} server here; found: ${flavours.join(', ') || 'none'}`);
  const servers = Number(values.servers ?? 4);
  if (!Number.isInteger(servers) || servers < 1 || servers > 40) throw new Error('--servers takes 1 to 40');
  const { topology = 'star', directory = `.sandbox/bare-${flavour}`, keep } = values;
  if (topology !== 'star' && topology !== 'chain') throw new Error('--topology takes star or chain');
  return { flavour, servers, topology, directory: resolve(directory), keep };
}

async function run(wishes: Wishes): Promise<void> {
  const { directory, keep } = wishes;
  const forget = () => rmSync(directory, { recursive: true, force: true });
  const asked = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
  await claim(directory);
  if (!keep) forget();
  const sandbox = await Sandbox.create(wishes);
  if (sandbox.servers.length !== wishes.servers)
    process.stdout.write(`the data kept in ${directory} is that of ${sandbox.servers.length} servers\n`);
  for (const { key, pid } of sandbox.servers) process.stdout.write(`${key.hostname}:${key.port}  pid ${pid}\n`);
  const account = ({ user, password }: Login) => `'${user}', password '${password}'`;
  process.stdout.write(`the daemon's user ${account(TOPOLOGY_LOGIN)}; one that may do everything ${account(ADMIN_LOGIN)}
Ctrl-C stops them\n`);
  await asked;
  await sandbox.stop(keep ? 'SIGTERM' : 'SIGKILL');
  if (!keep) forget();
}

try {
  const wishes = await read();
  if (wishes === 'help') process.stdout.write(HELP);
  else await run(wishes);
  process.exit(0);
} catch (err) {
  process.stderr.write(`${err instanceof Error ? err.message : String(err)}\n`);
  process.exit(1);
}
