import assert from 'node:assert/strict';
import type { Member } from '../../../../internal/raft/core/types.ts';
import { formationOf } from '../../../../internal/raft/forming/formation.ts';
import type { Forming } from '../../../../internal/raft/forming/forming.ts';
import type { FormingInput, FormingMessage, FormingRecord } from '../../../../internal/raft/forming/types.ts';
import { aForming, aFounder, formingSettings } from '../../../support/forming.ts';

/*
 * One node is real, the others are played. Members are written as node and life (`b2` is node b, its second incarnation). What follows from a step
 * reads: what is kept, what is said to whom, and in the end what the operator reads.
 */
const NODES = ['a', 'b', 'c'];

function member(text: string): Member {
  const node = text[0]!;
  return aFounder(node, { id: `${node}/i${text[1]}`, incarnation: `i${text[1]}` });
}

/** `a1@5 a1 b1 c1`: proposed by a1 at 5, of these members. */
function formation(text: string) {
  const [head = '', ...members] = text.split(' ');
  const [proposer = '', stamp] = head.split('@');
  return formationOf('orders', {
    proposer: member(proposer).id,
    stampMs: Number(stamp),
    generation: 0,
    members: members.map(member),
  });
}

function input(line: string, names: Map<string, string>): FormingInput {
  const [from = '', kind, ...rest] = line.split(' ');
  if (from === 'tick' || from === 'reset' || from === 'joined') return { kind: from };
  const sender = member(from);
  const text = rest.join(' ');
  const named = () => {
    const known = formation(text);
    names.set(known.id, text);
    return known;
  };
  const idOf = () => (text.includes('@') ? named().id : text);
  const bound = () => {
    const { id, proposer, stampMs } = named();
    return { formation: id, proposer, stampMs };
  };
  const messages: Readonly<Record<string, () => FormingMessage>> = {
    hails: () => ({
      kind: 'hail',
      member: sender,
      founders: NODES,
      expect: 0,
      generation: 0,
      bond: text === '' ? undefined : bound(),
    }),
    differs: () => ({ kind: 'hail', member: sender, founders: rest, expect: 0, generation: 0, bond: undefined }),
    proposes: () => ({ kind: 'propose', formation: named() }),
    promises: () => ({ kind: 'promise', formation: idOf() }),
    aborts: () => ({ kind: 'abort', formation: idOf() }),
    formed: () => ({ kind: 'formed', clusterId: idOf(), generation: 0 }),
  };
  return {
    kind: 'message',
    from: { member: sender.id, node: sender.node, address: sender.address },
    message: messages[kind!]!(),
  };
}

function play(self: string, script: readonly string[], raftState = false): readonly string[] {
  const names = new Map<string, string>();
  const named = (id: string) => names.get(id) ?? id;
  const node: Forming = aForming(formingSettings(member(self), NODES), undefined, raftState);
  let nowMs = 0;
  const played: string[] = [];
  const keep = ({ promise }: FormingRecord) => {
    if (promise === undefined) return 'keeps no promise';
    const { proposer, stampMs, members } = promise;
    const short = (id: string) => id.replace('/i', '');
    names.set(promise.id, `${short(proposer)}@${stampMs} ${members.map(({ id }) => short(id)).join(' ')}`);
    return `keeps ${named(promise.id)}`;
  };
  const said = (message: FormingMessage) => {
    if (message.kind === 'hail') return 'hail';
    if (message.kind === 'formed') return `formed ${named(message.clusterId)}`;
    return `${message.kind} ${named(message.kind === 'propose' ? message.formation.id : message.formation)}`;
  };
  for (const line of script) {
    if (line.startsWith('  ')) continue;
    played.push(line);
    if (line === '?') {
      const outcome = node.outcome(nowMs);
      let text =
        outcome.kind === 'formed' ? `formed ${named(outcome.identity.clusterId!)}` : `${outcome.kind}: ${outcome.why}`;
      for (const [id, name] of names) text = text.replaceAll(id, `[${name}]`);
      played.push(`  ${text}`);
      continue;
    }
    if (line.startsWith('wait ')) {
      nowMs += Number(line.slice(5));
      continue;
    }
    const { record, identity, send, knock } = node.step({ nowMs, wallMs: nowMs }, input(line, names));
    if (record !== undefined) played.push(`  ${keep(record)}`);
    if (identity !== undefined) played.push(`  is of ${named(identity.clusterId!)}`);
    for (const { address, message } of send) played.push(`  to ${address}: ${said(message)}`);
    if (knock !== undefined) played.push(`  knocks: ${knock.id}`);
  }
  return played;
}

const CASES: readonly (readonly [title: string, self: string, script: readonly string[]])[] = [
  [
    'the lowest name proposes once all were heard, and decides once all have promised',
    'a1',
    [
      'tick',
      '  to b: hail',
      '  to c: hail',
      '?',
      '  waiting: waits for b (never seen), c (never seen)',
      'b1 hails',
      'c1 hails',
      '  keeps a1@1 a1 b1 c1',
      '  to b: propose a1@1 a1 b1 c1',
      '  to c: propose a1@1 a1 b1 c1',
      'b1 promises a1@1 a1 b1 c1',
      '?',
      '  waiting: waits for the promise of c',
      'c1 promises a1@1 a1 b1 c1',
      '  is of a1@1 a1 b1 c1',
      '  to b: formed a1@1 a1 b1 c1',
      '  to c: formed a1@1 a1 b1 c1',
      '?',
      '  formed a1@1 a1 b1 c1',
    ],
  ],
  [
    'a promise is kept before it is said, given once, and repeated',
    'b1',
    [
      'a1 proposes a1@5 a1 b1 c1',
      '  keeps a1@5 a1 b1 c1',
      '  to a: promise a1@5 a1 b1 c1',
      'a1 proposes a1@5 a1 b1 c1',
      '  to a: promise a1@5 a1 b1 c1',
      'a1 proposes a1@4 a1 b1 c1',
      'c1 formed a1@5 a1 b1 c1',
      '  is of a1@5 a1 b1 c1',
      '?',
      '  formed a1@5 a1 b1 c1',
    ],
  ],
  [
    'only the lowest founder is promised anything, in its own name, and only as this node is',
    'b1',
    [
      'c1 proposes c1@5 a1 b1 c1',
      'c1 proposes a1@5 a1 b1 c1',
      'a1 proposes a1@5 a1 b2 c1',
      'a1 proposes a1@5 a1 b1',
      '?',
      '  waiting: a formation that a proposed is not promised: it is for a, b, and this node founds with a, b, c; waits for a (never seen), c (never seen)',
    ],
  ],
  [
    "somebody else's promise of something else does not count",
    'a1',
    [
      'b1 hails',
      'c1 hails',
      '  keeps a1@1 a1 b1 c1',
      '  to b: propose a1@1 a1 b1 c1',
      '  to c: propose a1@1 a1 b1 c1',
      'b1 promises a1@1 a1 b1 c1',
      'b1 promises a1@1 a1 b1 c1',
      'c1 promises a1@0 a1 b1 c1',
      'c2 promises a1@1 a1 b1 c1',
      '?',
      '  waiting: waits for the promise of c',
    ],
  ],
  [
    'another incarnation of a founder needs another formation, and the promises of all',
    'a1',
    [
      'b1 hails',
      'c1 hails',
      '  keeps a1@1 a1 b1 c1',
      '  to b: propose a1@1 a1 b1 c1',
      '  to c: propose a1@1 a1 b1 c1',
      'b1 promises a1@1 a1 b1 c1',
      'c2 hails',
      '  keeps a1@2 a1 b1 c2',
      '  to b: propose a1@2 a1 b1 c2',
      '  to c: propose a1@2 a1 b1 c2',
      'c1 promises a1@1 a1 b1 c1',
      'c2 promises a1@2 a1 b1 c2',
      'b1 promises a1@2 a1 b1 c2',
      '  is of a1@2 a1 b1 c2',
      '  to b: formed a1@2 a1 b1 c2',
      '  to c: formed a1@2 a1 b1 c2',
    ],
  ],
  [
    'a proposer that asks again has given up what it asked before',
    'b1',
    [
      'a1 proposes a1@5 a1 b1 c1',
      '  keeps a1@5 a1 b1 c1',
      '  to a: promise a1@5 a1 b1 c1',
      'a1 proposes a1@6 a1 b1 c2',
      '  keeps a1@6 a1 b1 c2',
      '  to a: promise a1@6 a1 b1 c2',
      'c1 formed a1@5 a1 b1 c1',
      '?',
      '  refused: group [a1@5 a1 b1 c1] is formed, as c says, but this node has promised to found [a1@6 a1 b1 c2]: make sure that no node belongs to that one, then take the promise back with raft-reset-formation',
    ],
  ],
  [
    'a proposer without its directory is promised anew while the others are still there',
    'b1',
    [
      'a1 proposes a1@5 a1 b1 c1',
      '  keeps a1@5 a1 b1 c1',
      '  to a: promise a1@5 a1 b1 c1',
      'a2 proposes a2@6 a2 b1 c1',
      '  keeps a2@6 a2 b1 c1',
      '  to a: promise a2@6 a2 b1 c1',
      'a1 proposes a1@5 a1 b1 c1',
      'a3 proposes a3@7 a3 b1 c2',
      '?',
      '  waiting: a formation that a proposed is not promised: this node has promised group [a1@5 a1 b1 c1] to a, and a, c have lost their directories since: that group may have existed; waits for a (never seen), c (never seen); has promised group [a2@6 a2 b1 c1], waits for the decision of a',
      'reset',
      '  keeps no promise',
      'a3 proposes a3@7 a3 b1 c2',
      '  keeps a3@7 a3 b1 c2',
      '  to a: promise a3@7 a3 b1 c2',
    ],
  ],
  [
    'a promise is released by its proposer, and by nobody else',
    'b1',
    [
      'a1 proposes a1@5 a1 b1 c1',
      '  keeps a1@5 a1 b1 c1',
      '  to a: promise a1@5 a1 b1 c1',
      'c1 aborts a1@5 a1 b1 c1',
      'a1 aborts a1@4 a1 b1 c1',
      'a1 aborts a1@5 a1 b1 c1',
      '  keeps no promise',
    ],
  ],
  [
    'a proposer says so to whoever holds what it gave up',
    'a1',
    [
      'b1 hails a1@9 a1 b1 c1',
      '  to b: abort a1@9 a1 b1 c1',
      'c1 hails',
      '  keeps a1@10 a1 b1 c1',
      '  to b: propose a1@10 a1 b1 c1',
      '  to c: propose a1@10 a1 b1 c1',
    ],
  ],
  [
    'whoever finds a group founds none, and asks to be taken in',
    'a1',
    [
      'b1 formed 77',
      'b1 hails',
      'c1 hails',
      '?',
      '  outside: group 77 was formed without this incarnation (a/i1), as b says: asks to be taken in, and takes the place of a former incarnation that has gone',
      'tick',
      '  to b: hail',
      '  to c: hail',
      'wait 999000',
      '?',
      '  outside: group 77 was formed without this incarnation (a/i1), as b says: asks to be taken in, and takes the place of a former incarnation that has gone',
      'joined',
      '  is of 77',
      'c1 hails',
      '  to c: formed 77',
      '  knocks: c/i1',
    ],
  ],
  [
    'a proposer that finds a group gives its own up',
    'a1',
    [
      'b1 hails',
      'c1 hails',
      '  keeps a1@1 a1 b1 c1',
      '  to b: propose a1@1 a1 b1 c1',
      '  to c: propose a1@1 a1 b1 c1',
      'c2 formed 77',
      '  keeps no promise',
      'b1 promises a1@1 a1 b1 c1',
      'c1 promises a1@1 a1 b1 c1',
      '?',
      '  outside: group 77 was formed without this incarnation (a/i1), as c says: asks to be taken in, and takes the place of a former incarnation that has gone',
    ],
  ],
  [
    'two groups are one too many',
    'a1',
    [
      'b1 formed 77',
      'c1 formed 88',
      '?',
      '  refused: two groups are formed: 77, as b says, and 88, as c says. Stop the nodes of the one that is not meant, and start this one again',
    ],
  ],
  [
    'different lists stop everybody, for as long as they are heard',
    'a1',
    [
      'b1 hails',
      'c1 differs b c d',
      '?',
      '  waiting: c would found a group of b, c, d, this node one of a, b, c: make RaftNodes and RaftBootstrapExpect the same on all nodes; waits for the proposal of a',
      'c1 hails',
      '  keeps a1@1 a1 b1 c1',
      '  to b: propose a1@1 a1 b1 c1',
      '  to c: propose a1@1 a1 b1 c1',
    ],
  ],
  [
    'so does a second process of this name',
    'a1',
    [
      'b1 hails',
      'a2 hails',
      'c1 hails',
      '?',
      '  waiting: another process calls itself a (incarnation i2): compare RaftBind and RaftAdvertise of the nodes; waits for the proposal of a',
      'wait 6000',
      'tick',
      '  keeps a1@6000 a1 b1 c1',
      '  to b: propose a1@6000 a1 b1 c1',
      '  to c: propose a1@6000 a1 b1 c1',
      '  to b: hail',
      '  to c: hail',
      '  to b: propose a1@6000 a1 b1 c1',
      '  to c: propose a1@6000 a1 b1 c1',
    ],
  ],
  [
    'whoever has promised nothing gives up after a while, whoever has complains on',
    'b1',
    [
      'a1 hails',
      'wait 120000',
      '?',
      '  refused: no group within RaftBootstrapTimeoutSeconds (120): waits for a (last seen 120 s ago), c (never seen)',
      'a1 proposes a1@5 a1 b1 c1',
      '  keeps a1@5 a1 b1 c1',
      '  to a: promise a1@5 a1 b1 c1',
      '?',
      '  waiting: waits for a (last seen 120 s ago), c (never seen); has promised group [a1@5 a1 b1 c1], waits for the decision of a',
    ],
  ],
];

describe('founding, played', () => {
  for (const [title, self, script] of CASES) it(title, () => assert.deepEqual(play(self, script), script));

  it('is not for a node with a log of nobody knows which group', () => {
    const script = [
      'tick',
      'b1 hails',
      'c1 hails',
      'b1 formed 77',
      '?',
      '  refused: RaftDataDir of a has a Raft log, but nothing says of which group: restore identity.json, or name an empty directory and the node joins anew',
    ];
    assert.deepEqual(play('a1', script, true), script);
  });

  it('is over at once for a node that is alone in the list', () => {
    const node = aForming(formingSettings(member('a1'), ['a']));
    const { record, identity, send } = node.step({ nowMs: 0, wallMs: 7 }, { kind: 'tick' });
    assert.equal(record?.promise?.id, identity?.clusterId);
    assert.deepEqual(send, []);
    const outcome = node.outcome(0);
    assert(outcome.kind === 'formed' && outcome.foundingEntry?.kind === 'configuration');
    assert.deepEqual(outcome.foundingEntry.configuration.voters, ['a/i1']);
  });

  it('takes a restart for nothing: the record says what to ask again, the identity what is over', () => {
    const settings = formingSettings(member('a1'), NODES);
    const promise = formation('a1@5 a1 b1 c1');
    const record = { stampMs: 5, promise, doubtful: [] };
    const asking = aForming(settings, record).step({ nowMs: 0, wallMs: 9 }, { kind: 'tick' });
    assert.deepEqual(
      asking.send.filter(({ message }) => message.kind === 'propose').map(({ address }) => address),
      ['b', 'c'],
    );
    const identity = { ...settings.identity, clusterId: promise.id };
    const outcome = aForming({ ...settings, identity }, record, true).outcome(0);
    assert(outcome.kind === 'formed' && outcome.foundingEntry?.stampMs === 5);
    const joiner = aForming({ ...settings, identity }).outcome(0);
    assert(joiner.kind === 'formed' && joiner.foundingEntry === undefined, 'a joined node has its log from the leader');
  });
});
