import { drawTopology, tagsByServer } from '../../http/ascii-topology.ts';
import { taggedServers } from '../../topology/tag-expression.ts';
import { type Command, required } from '../command.ts';
import { drawing } from './drawing.ts';

/** Reading tags. They are set by the API, or by whoever filled the backend. */
export const TAGS: readonly Command[] = [
  {
    name: 'topology-tags',
    section: 'Information',
    summary: 'Draw the replication tree of a cluster with the tags of each instance',
    options: '-alias CLUSTER | -i HOST[:PORT]',
    each: true,
    run: async (context) => {
      const snapshot = context.select.cluster();
      const tags = tagsByServer(await context.world.store.names.tags());
      return drawTopology(snapshot, drawing(context), tags).split('\n');
    },
  },
  {
    name: 'tags',
    section: 'Tags',
    summary: 'List the tags of an instance, each as name=value',
    options: '-i HOST[:PORT]',
    each: true,
    run: async ({ select, world }) =>
      (await world.store.names.tags(select.key())).map(({ name, value }) => `${name}=${value}`),
  },
  {
    name: 'tag-value',
    section: 'Tags',
    summary: 'Print the value of a tag of an instance, nothing where it does not have it',
    options: '-i HOST[:PORT] -tag! NAME',
    each: true,
    run: async (context) => {
      const wanted = required(context, 'tag');
      const tags = await context.world.store.names.tags(context.select.key());
      return tags.filter(({ name }) => name === wanted).map(({ value }) => value);
    },
  },
  {
    name: 'tagged',
    section: 'Tags',
    summary: 'List the instances that match a tag expression',
    options: '-tag! EXPRESSION',
    notes: 'a, a=v, ~a (has other tags, not this one), ~a=v (has it with another value); a comma means and.',
    run: async (context) => taggedServers(await context.world.store.names.tags(), required(context, 'tag')),
  },
];
