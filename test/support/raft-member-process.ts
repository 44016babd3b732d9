// One member of a group as a process of its own, told what to do by messages: its main thread can be blocked and the whole of it stopped.

import { existsSync } from 'node:fs';
import { RaftNode } from '../../internal/raft/node/raft-node.ts';
import type { NodeOptions } from '../../internal/raft/node/thread-options.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import { Notebook } from './raft-group.ts';

export type Told =
  | { readonly kind: 'start'; readonly options: NodeOptions }
  /** Blocks the main thread until there is such a file. */
  | { readonly kind: 'block'; readonly until: string }
  | { readonly kind: 'propose'; readonly word: string }
  | { readonly kind: 'look' }
  | { readonly kind: 'stop' };

export type Says =
  | { readonly kind: 'ready' }
  | { readonly kind: 'blocking' }
  /** Asked first thing, before any message was heard. */
  | { readonly kind: 'unblocked'; readonly mayAct: boolean }
  | { readonly kind: 'proposed'; readonly word: string; readonly code: string | undefined }
  | { readonly kind: 'looked'; readonly mayAct: boolean; readonly standing: string; readonly words: readonly string[] }
  | { readonly kind: 'fatal'; readonly message: string };

const say = (says: Says) => process.send?.(says);
const notebook = new Notebook();
let node: RaftNode | undefined;

async function start(options: NodeOptions): Promise<void> {
  node = await RaftNode.start(options, {
    machine: notebook,
    clock: systemClock,
    log: silentLog,
    proposalTimeoutMs: 5_000,
    onFatal: (err) => say({ kind: 'fatal', message: String(err) }),
  });
  say({ kind: 'ready' });
}

function block(until: string): void {
  say({ kind: 'blocking' });
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  while (!existsSync(until)) Atomics.wait(nothing, 0, 0, 20);
  say({ kind: 'unblocked', mayAct: node?.group.mayAct ?? false });
}

async function propose(word: string): Promise<void> {
  try {
    await node?.group.propose(Buffer.from(word));
    say({ kind: 'proposed', word, code: undefined });
  } catch (err) {
    say({ kind: 'proposed', word, code: String((err as { code?: unknown }).code) });
  }
}

process.on('message', (told: Told) => {
  if (told.kind === 'start') void start(told.options);
  else if (told.kind === 'block') block(told.until);
  else if (told.kind === 'propose') void propose(told.word);
  else if (told.kind === 'stop') void node?.stop().then(() => process.disconnect());
  else {
    const { mayAct, standpoint } = node!.group;
    say({ kind: 'looked', mayAct, standing: standpoint.standing, words: notebook.words });
  }
});
process.on('disconnect', () => process.exit());
