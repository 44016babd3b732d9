import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { chainedCrc, type EntryRow } from '../../../internal/raft/store/entry-row.ts';
import type { DamageKind } from '../../../internal/raft/store/failures.ts';
import { type StoredState, stateRow } from '../../../internal/raft/store/stored-state.ts';
import {
  asKilled,
  aWrite,
  commands,
  IDENTITY,
  inDirectory,
  open,
  reopened,
  someBytes,
  takeSnapshot,
  tryOpen,
  withStore,
} from '../../support/raft-store.ts';

/** A log of 40 entries from 11 on, behind snapshots at 10 and 20. */
function fill(directory: string): void {
  withStore(directory, (store) => {
    store.write([aWrite({ append: commands(1, 30, 1), hardState: { term: 2, vote: 'n2' } })]);
    takeSnapshot(store, 10, 1, someBytes(1_000, 1));
    takeSnapshot(store, 20, 1, someBytes(150_000, 2));
    store.write([aWrite({ append: commands(31, 20, 2), compactTo: 10 })]);
    store.upkeep();
  });
}

function sql(text: string): (directory: string) => void {
  return (directory) => {
    const db = new BetterSqlite(join(directory, 'raft_store.db'));
    db.exec(text);
    db.close();
  };
}

function state(change: (state: StoredState) => StoredState): (directory: string) => void {
  return (directory) => {
    const db = new BetterSqlite(join(directory, 'raft_store.db'));
    const { document } = db.prepare('SELECT document FROM state').get() as { document: string };
    db.prepare('UPDATE state SET document = :document, crc = :crc').run(stateRow(change(JSON.parse(document))));
    db.close();
  };
}

/** Entries from `first` on get another term, with checksums to match. */
function rechained(first: number, term: number): (directory: string) => void {
  return (directory) => {
    const db = new BetterSqlite(join(directory, 'raft_store.db'));
    const rows = db.prepare('SELECT * FROM entry WHERE log_index >= ? ORDER BY log_index').all(first - 1) as EntryRow[];
    let crc = rows[0]!.crc;
    for (const row of rows.slice(1)) {
      crc = chainedCrc({ ...row, term }, crc);
      db.prepare('UPDATE entry SET term = ?, crc = ? WHERE log_index = ?').run(term, crc, row.log_index);
    }
    db.close();
    state((found) => ({ ...found, last: { ...found.last, term, crc } }))(directory);
  };
}

function latestSnapshotIn(directory: string): string {
  const name = readdirSync(join(directory, 'snapshots')).find((one) => one.startsWith('20-'));
  return join(directory, 'snapshots', name ?? '');
}

interface Case {
  readonly what: string;
  readonly harm: (directory: string) => void;
  readonly kind: DamageKind;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: 'a changed payload',
    harm: sql(`UPDATE entry SET payload = x'00' WHERE log_index = 33`),
    kind: 'checksum',
    says: /raft_store\.db, entry 33: its checksum does not continue that of 32$/,
  },
  {
    what: 'a changed time stamp',
    harm: sql('UPDATE entry SET stamp_ms = stamp_ms + 1 WHERE log_index = 12'),
    kind: 'checksum',
    says: /entry 12/,
  },
  {
    what: 'an entry that is gone',
    harm: sql('DELETE FROM entry WHERE log_index = 25'),
    kind: 'gap',
    says: /entry 25: missing$/,
  },
  {
    what: 'the last entry gone',
    harm: sql('DELETE FROM entry WHERE log_index = 50'),
    kind: 'shortened',
    says: /entry 49: the log ends here and should end with entry 50/,
  },
  {
    what: 'an entry of an earlier term behind a later one',
    harm: sql('UPDATE entry SET term = 1 WHERE log_index = 40'),
    kind: 'checksum',
    says: /entry 40/,
  },
  {
    what: 'a term that goes down under right checksums',
    harm: rechained(40, 1),
    kind: 'term',
    says: /entry 40: term 1 follows term 2$/,
  },
  {
    what: 'another term than the snapshot has, under right checksums',
    harm: rechained(20, 2),
    kind: 'join',
    says: /entry 20 has term 2, and term 1 in the latest snapshot$/,
  },
  {
    what: 'a log that begins with other entries than those before it',
    harm: state((found) => ({ ...found, before: { ...found.before, crc: 1 } })),
    kind: 'join',
    says: /entry 11: its checksum does not continue that of 10/,
  },
  {
    what: 'a log that begins behind its snapshot',
    harm: state((found) => ({ ...found, before: { ...found.last, index: 30 } })),
    kind: 'join',
    says: /the log goes from 31 to 50, the latest snapshot stands at 20|does not continue/,
  },
  {
    what: 'a changed term',
    harm: sql(`UPDATE state SET document = replace(document, '"term":2,"vote"', '"term":1,"vote"')`),
    kind: 'checksum',
    says: /table state: term, vote and bounds of the log have a wrong checksum/,
  },
  { what: 'no state', harm: sql('DELETE FROM state'), kind: 'missing', says: /its only row is missing/ },
  {
    what: 'a layout of another release',
    harm: sql('PRAGMA user_version = 2'),
    kind: 'schema',
    says: /layout 2, this release knows 1: start the release that made it/,
  },
  { what: 'some other database', harm: sql('PRAGMA application_id = 5'), kind: 'schema', says: /application id 5/ },
  { what: 'no table', harm: sql('DROP TABLE entry'), kind: 'unreadable', says: /table entry is missing/ },
  {
    what: 'a file that is no database',
    harm: (directory) => writeFileSync(join(directory, 'raft_store.db'), 'x'.repeat(9000)),
    kind: 'unreadable',
    says: /file is not a database/,
  },
  {
    what: 'half a file',
    harm: (directory) => truncateSync(join(directory, 'raft_store.db'), 8192),
    kind: 'unreadable',
    says: /malformed|quick check/,
  },
  {
    what: 'an older copy of the log',
    harm: (directory) => {
      const file = join(directory, 'raft_store.db');
      cpSync(file, `${file}.copy`);
      withStore(directory, (store) => store.write([aWrite({ append: commands(51, 1, 2) })]));
      rmSync(file);
      cpSync(`${file}.copy`, file);
    },
    kind: 'shortened',
    says: /it ends with write \d+, but write \d+ was reported durable/,
  },
  {
    what: 'no log beside an identity',
    harm: (directory) => rmSync(join(directory, 'raft_store.db')),
    kind: 'missing',
    says: /the log of this node is missing/,
  },
  {
    what: 'no identity beside a log',
    harm: (directory) => rmSync(join(directory, 'identity.json')),
    kind: 'missing',
    says: /identity\.json: nothing says whose the log beside it is/,
  },
  {
    what: 'an identity that somebody edited',
    harm: (directory) => {
      const file = join(directory, 'identity.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace('node1', 'node2'));
    },
    kind: 'checksum',
    says: /identity\.json: it is not as it was written/,
  },
  {
    what: 'the identity of another life',
    harm: (directory) => {
      rmSync(join(directory, 'identity.json'));
      mkdirSync(join(directory, 'other'));
      open(join(directory, 'other'), { fresh: { ...IDENTITY, incarnation: 'b2' } }).store.close();
      cpSync(join(directory, 'other', 'identity.json'), join(directory, 'identity.json'));
    },
    kind: 'mixed',
    says: /identity.json is of incarnation b2, raft_store.db of incarnation a1/,
  },
  {
    what: 'no mark',
    harm: (directory) => rmSync(join(directory, 'raft_store.mark')),
    kind: 'missing',
    says: /raft_store\.mark: the file is missing/,
  },
  {
    what: 'no latest snapshot',
    harm: (directory) => rmSync(latestSnapshotIn(directory)),
    kind: 'missing',
    says: /20-1-.*\.snapshot: the file is missing/,
  },
  {
    what: 'a latest snapshot that was changed',
    harm: (directory) => {
      const file = latestSnapshotIn(directory);
      const bytes = readFileSync(file);
      bytes[100_000]! ^= 1;
      writeFileSync(file, bytes);
    },
    kind: 'checksum',
    says: /\.snapshot, bytes from 65536: the block has a wrong checksum/,
  },
  {
    what: 'a latest snapshot that was cut',
    harm: (directory) => truncateSync(latestSnapshotIn(directory), 1000),
    kind: 'unreadable',
    says: /it does not end as a snapshot does/,
  },
];

describe('damage in the directory of a node', () => {
  for (const { what, harm, kind, says } of CASES) {
    it(`is named, and nothing is cut away: ${what}`, () =>
      inDirectory((directory) => {
        fill(directory);
        harm(directory);
        const before = filesIn(directory);
        const opened = tryOpen(directory);
        assert.equal(opened.kind, 'damaged');
        const first = opened.kind === 'damaged' ? opened.damage[0] : undefined;
        assert.equal(first?.kind, kind);
        assert.match(`${first?.where}: ${first?.what}`, says);
        assert.deepEqual(filesIn(directory), before);
      }));
  }

  it('in an older snapshot costs that snapshot', () =>
    inDirectory((directory) => {
      fill(directory);
      const older = readdirSync(join(directory, 'snapshots')).find((one) => one.startsWith('10-'));
      writeFileSync(join(directory, 'snapshots', older ?? ''), 'nothing');
      withStore(directory, (store) =>
        assert.deepEqual(
          store.snapshots().map(({ index }) => index),
          [20],
        ),
      );
    }));

  for (const seed of [1, 42, 20_261_121]) {
    it(`is found or harmless wherever a bit is wrong (seed ${seed})`, () =>
      inDirectory(async (directory) => {
        fill(directory);
        const { store } = open(directory);
        for (let index = 51; index < 71; index += 1) store.write([aWrite({ append: commands(index, 1, 3) })]);
        await asKilled(directory, (sound) => flips(sound, seed, 120));
        store.close();
      }));
  }
});

/** Flips one bit at a time and looks what a start makes of it. */
async function flips(sound: string, seed: number, count: number): Promise<void> {
  const files = Object.keys(filesIn(sound));
  const expected = await asKilled(sound, (copy) => reopened(copy));
  const found = new Set<string>();
  for (let round = 0; round < count; round += 1) {
    await asKilled(sound, (copy) => {
      const random = someBytes(8, seed * 1000 + round);
      const name = files[round % files.length]!;
      const bytes = readFileSync(join(copy, name));
      const at = Buffer.from(random).readUInt32LE(0) % bytes.length;
      bytes[at]! ^= 1 << (random[5]! % 8);
      writeFileSync(join(copy, name), bytes);
      const opened = tryOpen(copy);
      if (opened.kind === 'damaged') {
        found.add(name);
        return;
      }
      opened.store.close();
      assert.deepEqual(opened.recovered, expected, `bit ${random[5]! % 8} of byte ${at} in ${name}`);
    });
  }
  assert(found.size >= 3, `hardly anything was found: ${[...found].join(', ')}`);
}

/** Digests. What a reader of SQLite's makes, an index of shared memory and an empty log, is no change. */
function filesIn(directory: string): Readonly<Record<string, string>> {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => {
    const found = statSync(join(directory, name));
    return found.isFile() && found.size > 0 && !name.endsWith('-shm');
  });
  const digest = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex');
  return Object.fromEntries(files.map((name) => [name, digest(name)]));
}
