// What the consensus thread begins with.

import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { enter } from './entrance.ts';
import type { FindingOrder, Order } from './protocol.ts';
import type { ThreadOptions } from './thread-options.ts';

assert(parentPort !== null, 'this runs on a thread of its own');
const port = parentPort;
const early: Order[] = [];
const leaving = new AbortController();
const earlyFindings: FindingOrder[] = [];
let hearFinding = (order: FindingOrder): void => void earlyFindings.push(order);
let obey = (order: Order): void => {
  if (order.kind === 'candidates' || order.kind === 'claimed') {
    hearFinding(order);
    return;
  }
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
    onFinding: (listener) => {
      hearFinding = listener;
      for (const order of earlyFindings.splice(0)) listener(order);
    },
    onEnd: () => port.close(),
  },
  leaving.signal,
);
if (thread !== undefined) {
  obey = (order) => thread.obey(order);
  for (const order of early.splice(0)) obey(order);
}
