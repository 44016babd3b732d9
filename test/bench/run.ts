// npm run bench [-- NAME...] [--flavour mariadb|mysql] [--runs N] [--table]: figures from real servers, processes and disks of this machine.

import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findFlavours } from '../../scripts/sandbox/sandbox.ts';
import { daemons, restart } from './daemons.ts';
import { discovery } from './discovery.ts';
import { failover, frozen, groupFailover, leaderAndPrimary, twoOfThree } from './failover.ts';
import { type Benchmark, type BenchOptions, type Figure, line, TABLE_HEAD, tableRow } from './figures.ts';
import { fleet } from './fleet.ts';
import { leaderCheck } from './leader-check.ts';
import { probe } from './probe.ts';
import { raft } from './raft.ts';
import { raftStore } from './raft-store.ts';
import { reads } from './reads.ts';

interface AnyRow {
  readonly summary: string;
  readonly runs: number;
}

interface ServerRow extends AnyRow {
  readonly run: Benchmark;
  /** Default: both. */
  readonly flavours?: readonly BenchOptions['flavour'][];
}

/** Needs no servers. */
interface PlainRow extends AnyRow {
  readonly runPlain: (runs: number) => Promise<readonly Figure[]>;
}

const BENCHMARKS: Readonly<Record<string, ServerRow | PlainRow>> = {
  failover: { summary: 'kill -9 of a primary to its successor', run: failover, runs: 20 },
  frozen: { summary: 'SIGSTOP of a primary to its successor', run: frozen, runs: 10 },
  groupfailover: { summary: 'the same as failover, with three daemons', run: groupFailover, runs: 10 },
  twoofthree: { summary: 'the same, one of the other daemons down before', run: twoOfThree, runs: 10 },
  bothlost: {
    summary: 'the leader of three daemons and the primary, killed together',
    run: leaderAndPrimary,
    runs: 10,
  },
  discovery: { summary: 'four servers from one seed', run: discovery, runs: 20 },
  probe: { summary: 'round trips and CPU of watching one server; runs are seconds', run: probe, runs: 20 },
  fleet: { summary: 'sixty servers watched; runs are seconds', run: fleet, runs: 30, flavours: ['mariadb'] },
  leadercheck: {
    summary: 'leader-check, idle and beside large listings; runs are seconds',
    runPlain: leaderCheck,
    runs: 10,
  },
  reads: { summary: 'large answers of a daemon with 2,000 servers in its backend', runPlain: reads, runs: 100 },
  daemons: {
    summary: 'three daemons: loss of the leader, hand-over, and a client meanwhile',
    runPlain: daemons,
    runs: 30,
  },
  restart: { summary: 'a daemon with 100,000 entries in its log, killed and started', runPlain: restart, runs: 5 },
  raft: { summary: 'three nodes: commands, loss of the leader, hand-over', runPlain: raft, runs: 30 },
  raftstore: { summary: 'the log of a node against plain syncs of the disk', runPlain: raftStore, runs: 5 },
};
const CLI = 'cli'; // starts processes one after the other: needs no servers

const HELP = `npm run bench [-- NAME...] [--flavour mariadb|mysql] [--runs N] [--table]

  --table       rows for docs/benchmarks.md, each with the load average of the last minute

${Object.entries(BENCHMARKS)
  .map(([name, { summary, runs }]) => `  ${name.padEnd(14)}${summary} (--runs ${runs})`)
  .join('\n')}
  ${CLI.padEnd(14)}a command as a whole process (--runs 20)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    flavour: { type: 'string' },
    runs: { type: 'string' },
    table: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : [...Object.keys(BENCHMARKS), CLI];
const unknown = names.filter((name) => name !== CLI && BENCHMARKS[name] === undefined);
const onServers = names.some((name) => 'run' in (BENCHMARKS[name] ?? {}));
const flavours = (await findFlavours()).filter((one) => values.flavour === undefined || one === values.flavour);
const runs = values.runs === undefined ? undefined : Number(values.runs);
if (values.help || unknown.length > 0 || (onServers && flavours.length === 0) || (runs !== undefined && !(runs >= 1))) {
  if (unknown.length > 0) process.stderr.write(`no benchmark ${unknown.join(', ')}\n`);
  else if (flavours.length === 0) process.stderr.write(`no ${values.flavour ?? ''} server on this machine\n`);
  process.stderr.write(HELP);
  process.exit(values.help ? 0 : 1);
}
if (values.table) console.log(TABLE_HEAD);
for (const name of names) {
  const row = BENCHMARKS[name];
  if (row === undefined) {
    const script = fileURLToPath(new URL('./cli.js', import.meta.url));
    const { status } = spawnSync(process.execPath, [script, '--runs', String(runs ?? 20)], { stdio: 'inherit' });
    if (status !== 0) process.exit(1);
    continue;
  }
  if ('runPlain' in row) {
    for (const figure of await row.runPlain(runs ?? row.runs)) show(name, figure);
    continue;
  }
  for (const flavour of flavours.filter((one) => row.flavours?.includes(one) ?? true)) {
    const figures = await row.run({ flavour, runs: runs ?? row.runs });
    for (const figure of figures) show(`${name} ${flavour}`, figure);
  }
}
process.exit(0);

function show(name: string, figure: Figure): void {
  const [load = 0] = loadavg();
  console.log(values.table ? tableRow(name, figure, load.toFixed(1)) : line(`${name},`, figure));
}
