// Hooks are checked by nobody before the night they run in. What a shell other than ours would make of a placeholder is said beforehand.

import type { Config, ConfigName } from './keys.ts';

/** Those in whose commands placeholders are replaced. */
const LISTS = [
  'OnFailureDetectionProcesses',
  'PreGracefulTakeoverProcesses',
  'PreFailoverProcesses',
  'PostFailoverProcesses',
  'PostUnsuccessfulFailoverProcesses',
  'PostMasterFailoverProcesses',
  'PostIntermediateMasterFailoverProcesses',
  'PostGracefulTakeoverProcesses',
] as const satisfies readonly ConfigName[];

/** What may hold anything; host names and numbers mean nothing to a shell. */
const FREE_TEXT = String.raw`(\{(?:failureDescription|failureClusterAlias|failureClusterDomain|successorAlias)\})`;
const WITHIN_QUOTES = `(?:'[^']*|"[^"]*)`;
const ARGUMENTS = `(?:'[^']*'|"[^"]*"|[^;&|\\n'"])*`;

/** Where a placeholder is not what it seems, with what becomes of it. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [
    new RegExp(String.raw`\b(?:a|ba|da|k|z)?sh\s+(?:-\w+\s+)*-\w*c\s+${WITHIN_QUOTES}${FREE_TEXT}`),
    'that shell would run what it holds',
  ],
  [new RegExp(String.raw`\bsu\s${ARGUMENTS}-c\s+${WITHIN_QUOTES}${FREE_TEXT}`), 'that shell would run what it holds'],
  [
    new RegExp(String.raw`\b(?:eval|ssh)\s${ARGUMENTS}${WITHIN_QUOTES}?${FREE_TEXT}`),
    'the shell there would run what it holds',
  ],
  [
    new RegExp(String.raw`<<-?[ \t]*['"\\][^\n]*\n[^]*?${FREE_TEXT}`),
    'a quoted here-document gets the name of its variable',
  ],
];

/** Warnings, one for each command and way to be misread. */
export function hookDoubts(config: Pick<Config, (typeof LISTS)[number]>): readonly string[] {
  return LISTS.flatMap((name) =>
    config[name].flatMap((command) =>
      PLACES.flatMap(([place, outcome]) => {
        const placeholder = place.exec(command)?.[1];
        return placeholder === undefined
          ? []
          : [`${name}: ${placeholder} in "${command.split('\n')[0]}": ${outcome}: read the variable in a script`];
      }),
    ),
  );
}
