// What lies in RaftDataDir and how it is called.

import { dirname, join } from 'node:path';
import { type Files, syncDirectory } from './files.ts';

export interface Paths {
  readonly directory: string;
  /** Same name as in the established product. */
  readonly database: string;
  readonly mark: string;
  readonly identity: string;
  /** What the node has promised while it belonged to no group. */
  readonly formation: string;
  /** What it knew of its place in the group when it ran last. */
  readonly membership: string;
  readonly snapshots: string;
  readonly reserve: string;
  /** A membership that an operator forces; once that is done it has its other name. */
  readonly peers: string;
  readonly peersDone: string;
  readonly rescue: string;
  /** The group in it was made of a backend, and most of its nodes have yet to come. */
  readonly imported: string;
}

export function pathsIn(directory: string): Paths {
  return {
    directory,
    database: join(directory, 'raft_store.db'),
    mark: join(directory, 'raft_store.mark'),
    identity: join(directory, 'identity.json'),
    formation: join(directory, 'formation.json'),
    membership: join(directory, 'membership.json'),
    snapshots: join(directory, 'snapshots'),
    reserve: join(directory, 'reserve'),
    peers: join(directory, 'peers.json'),
    peersDone: join(directory, 'peers.info'),
    rescue: join(directory, 'rescue.json'),
    imported: join(directory, 'imported.json'),
  };
}

/** Beside the files named above: what SQLite keeps with its file. */
const OURS = [
  'raft_store.db',
  'raft_store.db-wal',
  'raft_store.db-shm',
  'raft_store.mark',
  'identity.json',
  'formation.json',
  'membership.json',
  'snapshots',
  'reserve',
  'rescue.json',
  'imported.json',
];

/** Made where it is not there, with what it lies in, and durably so. */
export function makeDirectory(files: Files, directory: string): void {
  if (files.size(directory) !== undefined) return;
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(files, parent);
  files.makeDirectory(directory);
  syncDirectory(files, parent);
}

/**
 * Moves everything of ours into a new directory beside it, so that the node can begin anew without anything being lost to whoever looks
 * into it later (R-21, F-51). The log goes first: a start that finds only part of it gone reports damage, and moving goes on.
 * Nothing may have the store open.
 *
 * @param name of the directory that is made inside
 */
export function setAside(files: Files, directory: string, name: string): string {
  const place = join(directory, name);
  makeDirectory(files, place);
  const there = new Set(files.list(directory));
  for (const one of OURS) if (there.has(one)) files.rename(join(directory, one), join(place, one));
  syncDirectory(files, place);
  syncDirectory(files, directory);
  return place;
}
