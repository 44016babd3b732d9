import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreClass } from '../../../sim/world.ts';
import { Play } from './play.ts';

/** Where the transcripts lie, seen from the top of the repository, in which tests run. */
export const FOLDER = 'test/unit/raft/transcripts';

/** A title behind `## `, commands at the margin, what follows from each of them indented below it; `#` and blank lines are for the reader. */
export interface Case {
  readonly title: string;
  readonly text: readonly string[];
}

export function readTranscripts(): readonly {
  readonly name: string;
  readonly head: readonly string[];
  readonly cases: readonly Case[];
}[] {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  return names.map((name) => {
    const [head = '', ...parts] = readFileSync(join(FOLDER, name), 'utf8').split(/^## /m);
    const cases = parts.map((part) => {
      const [title = '', ...text] = part.trimEnd().split('\n');
      return { title, text };
    });
    return { name, head: head.trimEnd().split('\n'), cases };
  });
}

/** @returns the text of the case as it would read if everything that happened were expected. */
export function play({ text }: Case, Core?: CoreClass): readonly string[] {
  const stage = new Play(Core);
  const played: string[] = [];
  for (const line of text) {
    if (line.startsWith('  ')) continue;
    played.push(line);
    if (line === '' || line.startsWith('#')) continue;
    for (const happened of stage.perform(line)) played.push(`  ${happened}`.trimEnd());
  }
  return played;
}

/** @returns how many cases play differently, or not to their end, with that core. */
export function failingTranscripts(Core: CoreClass): number {
  const cases = readTranscripts().flatMap((file) => file.cases);
  return cases.filter((each) => {
    try {
      return play(each, Core).join('\n') !== each.text.join('\n');
    } catch {
      return true;
    }
  }).length;
}
