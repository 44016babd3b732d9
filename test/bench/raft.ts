// Three nodes with threads, disks and sockets in one process: what agreeing costs, and how long a group is without a leader.

import { performance } from 'node:perf_hooks';
import { type GroupMember, RealGroup } from '../support/raft-group.ts';
import type { Figure } from './figures.ts';
import { plainSyncRate } from './raft-store.ts';

const SECONDS = 3;
const MANY = 64;
/** About what a registration or a recovery step takes. */
const COMMAND = Buffer.from('x'.repeat(200));

export async function raft(runs: number): Promise<readonly Figure[]> {
  const syncs = await plainSyncRate();
  const group = await RealGroup.start(3);
  try {
    const one = await commands(group, 1);
    const many = await commands(group, MANY);
    const losses = await inTurn(runs, () => loseLeader(group));
    const handOvers = await inTurn(runs, () => handOver(group));
    return [
      { what: 'plain 4 KiB and fdatasync', unit: 'per second', samples: [syncs] },
      { what: 'commands of 1 client', unit: 'per second', samples: [one.perSecond] },
      { what: 'the same as a share of the plain rate', unit: '', samples: [one.perSecond / syncs] },
      { what: 'latency of one of them', unit: 'ms', samples: one.latencies },
      { what: `commands of ${MANY} clients`, unit: 'per second', samples: [many.perSecond] },
      { what: 'the same as a share of the plain rate', unit: '', samples: [many.perSecond / syncs] },
      { what: 'latency of one of them', unit: 'ms', samples: many.latencies },
      { what: 'loss of the leader to the next in office', unit: 'ms', samples: losses },
      { what: 'planned hand-over, from order to office', unit: 'ms', samples: handOvers },
    ];
  } finally {
    await group.end();
  }
}

/** Clients that each ask again as soon as they are answered. */
async function commands(group: RealGroup, clients: number) {
  const { node } = await group.leader();
  const latencies: number[] = [];
  const endMs = performance.now() + SECONDS * 1_000;
  const client = async () => {
    for (let askedMs = performance.now(); askedMs < endMs; askedMs = performance.now()) {
      await node.group.propose(COMMAND);
      latencies.push(performance.now() - askedMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { perSecond: latencies.length / SECONDS, latencies };
}

async function inTurn(runs: number, work: () => Promise<number>): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let run = 0; run < runs; run += 1) samples.push(await work());
  return samples;
}

async function loseLeader(group: RealGroup): Promise<number> {
  const old = await settled(group);
  const next = anotherInOffice(group, old);
  const startMs = performance.now();
  const killed = old.kill();
  await next;
  const tookMs = performance.now() - startMs;
  await killed;
  await old.start();
  return tookMs;
}

async function handOver(group: RealGroup): Promise<number> {
  const old = await settled(group);
  const next = anotherInOffice(group, old);
  const startMs = performance.now();
  await Promise.all([old.node.group.transfer(), next]);
  return performance.now() - startMs;
}

/** The leader, once everybody has all that it has. */
async function settled(group: RealGroup): Promise<GroupMember> {
  await group.say('.');
  await group.level();
  return group.leader();
}

function anotherInOffice(group: RealGroup, old: GroupMember): Promise<void> {
  const others = group.members.filter((member) => member !== old).map(({ node }) => node.group);
  return new Promise((resolve) => {
    const inOffice = () => {
      for (const other of others) other.off('office', inOffice);
      resolve();
    };
    for (const other of others) other.on('office', inOffice);
  });
}
