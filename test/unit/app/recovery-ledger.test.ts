import assert from 'node:assert/strict';
import type { Command } from '../../../internal/command/command.ts';
import type { RecoveryRecord } from '../../../internal/recovery/book.ts';
import { isLost } from '../../../internal/recovery/mandate.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { type Entry, TestLedger } from '../../support/ledger.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const record = (uid: string, more: Partial<RecoveryRecord> = {}): RecoveryRecord => ({
  uid,
  kind: 'primary',
  code: 'DeadMaster',
  failed: key('p'),
  cluster: 'p:3306',
  alias: '',
  startedMs: 1_000,
  successful: false,
  lost: [],
  participants: [],
  errors: [],
  harmless: false,
  ...more,
});

/** In this term node `n<term>` leads, and says it at `atMs`. */
const by = (term: number, command: Command, atMs = 1_000): Entry => ({
  command,
  stamp: { atMs, node: `n${term}`, term, index: 0 },
});
const claim = (uid: string, term: number, more: Partial<RecoveryRecord> = {}, automatic = true, atMs = 1_000): Entry =>
  by(term, { op: 'write-recovery', record: record(uid, more), claim: { term, automatic, blockMs: 500 } }, atMs);
const progress = (uid: string, term: number, number = 0): Entry =>
  by(term, { op: 'recovery-progress', uid, number, text: `promote h${number}:3306`, limitMs: 10 });
const aftermath = { downtimes: [], successor: key('h2'), promoted: false, pairs: [['k', 'v']] } as const;
const end = (uid: string, term: number, more: Partial<RecoveryRecord> = {}): Entry =>
  by(term, { op: 'resolve-recovery', record: record(uid, { endedMs: 1_010, ...more }), aftermath });
const scripts = ['postPrimary', 'postFailover'] as const;
const endWithScripts = (term: number): Entry => {
  const ended = record('a', { endedMs: 1_010, successful: true, successor: key('h2') });
  return by(term, { op: 'resolve-recovery', record: ended, aftermath: null, scripts });
};
const script = (list: (typeof scripts)[number], number: number, term: number): Entry =>
  by(term, { op: 'effects-begun', uid: 'a', list, number, term });
const scriptsDone: Entry = by(2, { op: 'effects-done', uid: 'a' });
const acknowledgement = { by: 'dba', comment: '', atMs: 1_020 };
const ack = (uid: string, term: number): Entry => by(term, { op: 'ack-recovery', uids: [uid], acknowledgement });
const off: Entry = by(1, { op: 'disable-global-recoveries' });
const on: Entry = by(1, { op: 'enable-global-recoveries' });
const fence = (failed: string, successor: string): Entry =>
  by(1, { op: 'intend-fence', failed: key(failed), cluster: 'p:3306', successor: key(successor) });
const fenced = (failed: string): Entry => by(1, { op: 'end-fence', failed: key(failed) });
const abandon: Entry = by(1, { op: 'abandon-recoveries', why: 'restored' }, 1_005);
const note = (id: string, message: string): Entry =>
  by(1, { op: 'write-recovery-step', id, uid: 'a', messages: [message] });
const detection = { uid: 'd', code: 'DeadMaster', failed: key('p'), cluster: 'p:3306', alias: '', replicas: [] };
const told: Entry = by(1, {
  op: 'register-failure-detection',
  detection: { ...detection, actionable: true, detectedMs: 1 },
  told: true,
});
const elsewhere = { cluster: 'q:3306', failed: key('q') };

/** What the last entry of each log comes to; undefined: it takes effect. */
const CASES: readonly (readonly [title: string, log: readonly Entry[], refused: string | undefined])[] = [
  ['a claim', [claim('a', 1)], undefined],
  ['a second one while the first is open', [claim('a', 1), claim('b', 1)], 'recovery a of this cluster is open'],
  [
    'a second one that an operator asks for',
    [claim('a', 1), claim('b', 1, {}, false)],
    'recovery a of this cluster is open',
  ],
  ['one of the next leader beside it', [claim('a', 1), claim('b', 2)], 'recovery a of this cluster is open'],
  [
    'one for the same server under another name of the cluster',
    [claim('a', 1), claim('b', 1, { cluster: 'h2:3306' })],
    'recovery a of this cluster is open',
  ],
  ['one for another cluster', [claim('a', 1), claim('b', 1, elsewhere)], undefined],
  [
    'one of the term before',
    [{ ...claim('a', 1), stamp: { atMs: 0, node: 'n1', term: 2, index: 0 } }],
    'it was asked for in term 1, and this is term 2',
  ],
  ['one while recoveries are disabled', [off, claim('a', 1)], 'recoveries are disabled'],
  ['what an operator asks for while they are disabled', [off, claim('a', 1, {}, false)], undefined],
  ['one after they were enabled again', [off, on, claim('a', 1)], undefined],
  [
    'one soon after another',
    [claim('a', 1), end('a', 1), claim('b', 1, {}, true, 1_499)],
    'recovery a was a moment ago',
  ],
  ['one when the block is over', [claim('a', 1), end('a', 1), claim('b', 1, {}, true, 1_500)], undefined],
  ['one soon after an acknowledged one', [claim('a', 1), end('a', 1), ack('a', 1), claim('b', 1)], undefined],
  [
    'one soon after one that changed nothing',
    [claim('a', 1), end('a', 1, { harmless: true }), claim('b', 1)],
    undefined,
  ],
  ['what an operator asks for soon after', [claim('a', 1), end('a', 1), claim('b', 1, {}, false)], undefined],
  ['the take-over of an open one by the next leader', [claim('a', 1), claim('a', 2)], undefined],
  [
    'an open one that its former holder claims back',
    [claim('a', 1), claim('a', 2), claim('a', 1)],
    'it is in the hands of n2 in term 2',
  ],
  ['the take-over of one that has ended', [claim('a', 1), end('a', 1), claim('a', 2)], 'it has ended'],
  ['the take-over of a block', [claim('a', 1), off, claim('a', 2)], undefined],
  ['a step of the holder', [claim('a', 1), progress('a', 1)], undefined],
  ['a step of somebody who has no claim', [progress('a', 1)], 'it is not ours any more'],
  ['a step of the next leader before it took over', [claim('a', 1), progress('a', 2)], 'it is not ours any more'],
  ['a step of the former holder', [claim('a', 1), claim('a', 2), progress('a', 1)], 'it is not ours any more'],
  ['a step after the end', [claim('a', 1), end('a', 1), progress('a', 1)], 'it is not ours any more'],
  ['the end', [claim('a', 1), end('a', 1)], undefined],
  ['the end, said by the former holder', [claim('a', 1), claim('a', 2), end('a', 1)], 'it is not ours any more'],
  ['the end of one that was never claimed', [end('a', 1)], 'it is not ours any more'],
  ['a step of one that was abandoned', [claim('a', 1), abandon, progress('a', 1)], 'it is not ours any more'],
  ['the take-over of one that was abandoned', [claim('a', 1), abandon, claim('a', 2)], 'it has ended'],
  ['a script behind the end', [claim('a', 1), endWithScripts(1), script('postPrimary', 0, 1)], undefined],
  [
    'a script that the former leader had begun',
    [claim('a', 1), endWithScripts(1), script('postPrimary', 0, 1), script('postPrimary', 0, 2)],
    'script 0 of postPrimary is not the next one',
  ],
  [
    'one that it had not begun',
    [claim('a', 1), endWithScripts(1), script('postPrimary', 0, 1), script('postPrimary', 1, 2)],
    undefined,
  ],
  [
    'one that its leader lost the term over',
    [
      claim('a', 1),
      endWithScripts(1),
      { ...script('postFailover', 0, 1), stamp: { atMs: 0, node: 'n1', term: 2, index: 0 } },
    ],
    'it was asked for in term 1, and this is term 2',
  ],
  [
    'a script when all are done',
    [claim('a', 1), endWithScripts(1), scriptsDone, script('postFailover', 0, 2)],
    'script 0 of postFailover is not the next one',
  ],
  [
    'a script behind a recovery of another life',
    [claim('a', 1), endWithScripts(1), abandon, script('postPrimary', 0, 1)],
    'script 0 of postPrimary is not the next one',
  ],
  ['a node that is alone now takes over what a group left', [claim('a', 3), claim('a', 0)], undefined],
];

describe('what is agreed on about recoveries', () => {
  for (const [title, log, refused] of CASES) {
    it(`${title}: ${refused ?? 'takes effect'}`, () => {
      const one = new TestLedger();
      const answers = log.map((entry) => one.apply(entry));
      const before = new TestLedger();
      for (const entry of log.slice(0, -1)) before.apply(entry);
      assert.equal(answers.at(-1), refused);
      if (refused !== undefined) assert.deepEqual(one.state, before.state, 'what is refused changes nothing');
    });
  }

  it('a server that leads again is not waited for any more', () => {
    const one = new TestLedger();
    for (const entry of [fence('h1', 'h2'), fence('h2', 'h1')]) one.apply(entry);
    assert.deepEqual([...one.ledger.openFences.keys()], ['h2:3306']);
  });

  it('a server that an open recovery promotes is known, and any may be until it has a plan', () => {
    const one = new TestLedger();
    const promoting = () => ['h2', 'h3'].filter((host) => one.ledger.mayBePromoting(key(host)));
    assert.deepEqual(promoting(), []);
    one.apply(claim('a', 1));
    assert.deepEqual(promoting(), ['h2', 'h3']);
    one.apply(note('1', `plan: ${JSON.stringify({ kind: 'promote', steps: [], successor: key('h2') })}`));
    assert.deepEqual(promoting(), ['h2']);
    one.apply(end('a', 1));
    assert.deepEqual(promoting(), []);
  });

  it('alias and domain go with the cluster', () => {
    const one = new TestLedger();
    one.apply(claim('a', 1));
    const ended = record('a', { endedMs: 1_010, successful: true, successor: key('h2'), alias: 'shop' });
    one.apply(by(1, { op: 'resolve-recovery', record: ended, aftermath: { ...aftermath, domain: 'shop.example' } }));
    const { alias, domain } = one.named('h2:3306');
    assert.deepEqual([alias, domain], ['shop', 'shop.example']);
    assert.equal(one.named('p:3306').alias, 'p:3306', 'what was replaced has no claim on it');
    assert.equal(one.cells.get('writer ["shop.example"]'), JSON.stringify([key('h2')]));
  });

  it('what was open in another life has failed, and nobody is fenced for it', () => {
    const one = new TestLedger();
    for (const entry of [
      claim('a', 1),
      end('a', 1, { successful: true }),
      claim('b', 1, elsewhere),
      fence('p', 'h2'),
      abandon,
    ])
      one.apply(entry);
    const told = one.ledger.book
      .list()
      .map(({ uid, successful, endedMs, errors }) => ({ uid, successful, endedMs, errors }));
    assert.deepEqual(told, [
      { uid: 'b', successful: false, endedMs: 1_005, errors: ['restored'] },
      { uid: 'a', successful: true, endedMs: 1_010, errors: [] },
    ]);
    assert.equal(one.ledger.openFences.size, 0);
  });

  it('remembers what an open recovery was about to do, whatever the backend says', async () => {
    const one = new TestLedger();
    const plan = `plan: ${JSON.stringify({ kind: 'promote', steps: [] })}`;
    for (const entry of [claim('a', 1), note('1', plan), progress('a', 1, 0), progress('a', 1, 1)]) one.apply(entry);
    assert.deepEqual(await one.ledger.journalled('a'), ['promote h0:3306', 'promote h1:3306']);
    assert.equal((await one.ledger.planOf('a'))?.kind, 'promote');
  });
});

/** Everything that may stand in a log, in an order that makes the most of it. */
const LOGS: readonly (readonly [string, readonly Entry[]])[] = [
  [
    'a recovery',
    [
      told,
      claim('a', 1),
      note('1', 'x'),
      note('2', 'x'),
      fence('p', 'h2'),
      progress('a', 1, 0),
      progress('a', 1, 1),
      end('a', 1, { successful: true, successor: key('h2') }),
      fenced('p'),
      ack('a', 1),
    ],
  ],
  [
    'a recovery that another node took over, beside one that was refused',
    [
      claim('a', 1),
      progress('a', 1),
      claim('b', 1),
      claim('a', 2),
      progress('a', 1, 1),
      progress('a', 2, 1),
      end('a', 2),
      claim('c', 2, {}, false),
      end('c', 2),
    ],
  ],
  [
    'scripts that two leaders run',
    [
      claim('a', 1),
      endWithScripts(1),
      script('postPrimary', 0, 1),
      script('postPrimary', 1, 2),
      script('postFailover', 0, 2),
      scriptsDone,
    ],
  ],
  ['the switch', [off, claim('a', 1), on, claim('b', 1), ack('b', 1), end('b', 1), off]],
  [
    'a restored backup',
    [claim('a', 1), progress('a', 1), fence('p', 'h2'), abandon, claim('b', 1, elsewhere), fence('q', 'h3')],
  ],
  ['fences there and back', [fence('p', 'h2'), fence('h2', 'p'), fenced('h2'), fence('p', 'h3'), fence('h3', 'p')]],
  ...CASES.map(([title, log]) => [title, log] as const),
];

describe('a fence that is not known to be agreed on', () => {
  for (const code of ['UNAVAILABLE', 'OUTCOME_UNKNOWN'] as const)
    it(`takes the mandate of whoever wished for it, ${code}: the next leader puts in order what was begun`, async () => {
      const { ledger } = new TestLedger({ decide: () => Promise.reject(new OrchestratorError(code, 'no majority')) });
      await assert.rejects(ledger.intendFence(key('p'), 'p:3306', key('h2')), isLost);
      await assert.rejects(ledger.endFence(key('p')), isLost);
    });
});

describe('what is agreed on comes twice, and', () => {
  for (const [title, log] of LOGS) {
    it(`changes nothing the second time: ${title}`, () => {
      for (let from = 0; from < log.length; from += 1) {
        const once = new TestLedger();
        const twice = new TestLedger();
        for (const entry of log) once.apply(entry);
        for (const entry of [...log, ...log.slice(from)]) twice.apply(entry);
        assert.deepEqual(twice.state, once.state, `replayed from ${from}`);
      }
    });
  }
});
