// What the consensus thread begins with.

import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { ConsensusThread, type ThreadOptions } from './consensus-thread.ts';
import type { Order } from './protocol.ts';

assert(parentPort !== null, 'this runs on a thread of its own');
const port = parentPort;
const early: Order[] = [];
let obey = (order: Order): void => void early.push(order);

port.on('message', (orders: readonly Order[]) => {
  for (const order of orders) obey(order);
});

const thread = await ConsensusThread.start({
  options: workerData as ThreadOptions,
  random: Math.random,
  post: (news) => port.postMessage(news),
  onEnd: () => port.close(),
});
if (thread !== undefined) {
  obey = (order) => thread.obey(order);
  for (const order of early.splice(0)) obey(order);
}
