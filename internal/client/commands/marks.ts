import type { ApiCommand, Need } from '../command.ts';
import * as print from '../printing.ts';

const H: readonly Need[] = ['instance'];

/** What is said of servers and kept beside them: tags, pools, downtime, maintenance, promotion rules, virtual names. */
export const MARKS: readonly ApiCommand[] = [
  {
    name: 'tags',
    section: 'Tags and pools',
    summary: 'List the tags of an instance, each as name=value',
    needs: H,
    path: ({ instance }) => `tags/${instance}`,
    print: print.texts,
  },
  {
    name: 'tag-value',
    section: 'Tags and pools',
    summary: 'Print the value of a tag of an instance; an error where it does not have it',
    needs: ['instance', 'tag'],
    path: ({ instance, of }) => `tag-value/${instance}?tag=${of('tag')}`,
    print: print.text,
  },
  {
    name: 'tag',
    section: 'Tags and pools',
    summary: 'Set a tag of an instance, in the place of what it had under that name',
    needs: ['instance', 'tag'],
    path: ({ instance, of }) => `tag/${instance}?tag=${of('tag')}`,
    print: print.key,
    changes: true,
  },
  {
    name: 'untag',
    section: 'Tags and pools',
    summary: 'Take a tag from an instance; with a value only where it has that one',
    needs: ['instance', 'tag'],
    path: ({ instance, of }) => `untag/${instance}?tag=${of('tag')}`,
    print: print.keys,
    changes: true,
  },
  {
    name: 'untag-all',
    section: 'Tags and pools',
    summary: 'Take a tag from every instance that has it with this value',
    needs: ['tag'],
    path: ({ of }) => `untag-all?tag=${of('tag')}`,
    print: print.keys,
    changes: true,
  },
  {
    name: 'tagged',
    section: 'Tags and pools',
    summary: 'List the instances that match a tag expression',
    notes: 'a, a=v, ~a (has other tags, not this one), ~a=v (has it with another value); a comma means and.',
    needs: ['tag'],
    path: ({ of }) => `tagged?tag=${of('tag')}`,
    print: print.keys,
  },
  {
    name: 'submit-pool-instances',
    section: 'Tags and pools',
    summary: 'Replace the members of a pool by the instances of -i, separated by commas',
    needs: ['text', 'pool'],
    path: ({ of }) => `submit-pool-instances/${of('pool')}?instances=${of('instance')}`,
    print: print.text,
    changes: true,
  },
  {
    name: 'which-heuristic-cluster-pool-instances',
    section: 'Tags and pools',
    summary: 'List the instances of a cluster that are in any pool, or in the one of -l',
    needs: ['cluster'],
    takes: ['pool'],
    path: ({ cluster, of }) =>
      `heuristic-cluster-pool-instances/${cluster}${of('pool') === '' ? '' : `/${of('pool')}`}`,
    print: print.keysOfInstances,
  },
  {
    name: 'begin-downtime',
    section: 'Downtime, maintenance, registration',
    summary: 'Put an instance into downtime: its problems start no recovery',
    needs: ['instance', 'owner', 'reason', 'duration'],
    path: ({ instance, of }) => `begin-downtime/${instance}/${of('owner')}/${of('reason')}/${of('duration')}`,
    print: print.key,
    changes: true,
  },
  registration('end-downtime', 'End the downtime of an instance'),
  {
    name: 'begin-maintenance',
    section: 'Downtime, maintenance, registration',
    summary: 'Keep automation away from an instance, for ten minutes',
    needs: ['instance', 'owner', 'reason'],
    path: ({ instance, of }) => `begin-maintenance/${instance}/${of('owner')}/${of('reason')}`,
    print: print.key,
    changes: true,
  },
  registration('end-maintenance', 'End the maintenance of an instance'),
  registration('register-candidate', 'Register how much an instance is wanted as a master', 'promotion-rule'),
  registration('register-hostname-unresolve', 'Have replicas of an instance told another name of its host', 'hostname'),
  registration('deregister-hostname-unresolve', 'Have replicas of an instance told its host itself again'),
];

/** `name/H`, or `name/H/value` where a value is needed besides. */
function registration(name: string, summary: string, value?: 'promotion-rule' | 'hostname'): ApiCommand {
  return {
    ...{ name, summary },
    section: 'Downtime, maintenance, registration',
    needs: value === undefined ? H : ['instance', value],
    path: ({ instance, of }) => `${name}/${instance}${value === undefined ? '' : `/${of(value)}`}`,
    print: print.key,
    changes: true,
  };
}
