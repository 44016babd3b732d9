import { oneLine } from '../answer.ts';
import type { ApiCommand, OwnCommand } from '../command.ts';

export const META: readonly (ApiCommand | OwnCommand)[] = [
  {
    name: 'help',
    section: 'Meta',
    summary: 'List the commands, or explain one',
    notes: 'help COMMAND, or COMMAND --help',
    needs: [],
    own: 'help',
  },
  {
    name: 'which-api',
    section: 'Meta',
    summary: 'Print the address of the API that would be used',
    needs: [],
    own: 'which-api',
  },
  {
    name: 'completion',
    section: 'Meta',
    summary: 'Print what makes a shell complete commands, options, instances and clusters',
    notes: 'completion bash, or completion zsh',
    needs: [],
    own: 'completion',
  },
  {
    name: 'api',
    section: 'Meta',
    summary: 'Ask for any path below /api/ and print the answer on one line of JSON',
    needs: ['path'],
    path: ({ of }) => of('path'),
    print: ({ answer }) => [oneLine(answer.text)],
    changes: true,
  },
];
