import type { LogEntry } from '../../internal/raft/core/types.ts';

/** One round of FNV-1a over a 32-bit word. */
export function mix(hash: number, word: number): number {
  let next = hash;
  for (let shift = 0; shift < 32; shift += 8) next = Math.imul(next ^ ((word >>> shift) & 0xff), 0x01000193);
  return next >>> 0;
}

export function mixText(hash: number, text: string): number {
  let next = hash;
  for (let at = 0; at < text.length; at += 1) next = Math.imul(next ^ text.charCodeAt(at), 0x01000193);
  return next >>> 0;
}

const known = new WeakMap<LogEntry, number>();

/** Differs, in all likelihood, for entries that differ in anything. */
export function hashEntry(entry: LogEntry): number {
  const before = known.get(entry);
  if (before !== undefined) return before;
  let hash = mix(mix(mixText(0x811c9dc5, entry.kind), entry.index), entry.term);
  hash = mix(mix(hash, entry.stampMs), Math.floor(entry.stampMs / 2 ** 32));
  if (entry.kind === 'command') for (const byte of entry.data) hash = mix(hash, byte);
  if (entry.kind === 'configuration') hash = mixText(hash, JSON.stringify(entry.configuration));
  known.set(entry, hash);
  return hash;
}
