// What the consensus thread begins with.

import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { enter } from './entrance.ts';
import type { Order } from './protocol.ts';
import type { ThreadOptions } from './thread-options.ts';

assert(parentPort !== null, 'this runs on a thread of its own');
const port = parentPort;
const early: Order[] = [];
const leaving = new AbortController();
let obey = (order: Order): void => {
  early.push(order);
  if (order.kind === 'stop') leaving.abort();
};

port.on('message', (orders: readonly Order[]) => {
  for (const order of orders) obey(order);
});

const thread = await enter(
  {
    options: workerData as ThreadOptions,
    random: Math.random,
    post: (news) => port.postMessage(news),
    onEnd: () => port.close(),
  },
  leaving.signal,
);
if (thread !== undefined) {
  obey = (order) => thread.obey(order);
  for (const order of early.splice(0)) obey(order);
}
