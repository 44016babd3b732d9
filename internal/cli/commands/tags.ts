import { drawTopology, tagsByServer } from '../../http/ascii-topology.ts';
import { keyText } from '../../topology/instance-key.ts';
import { taggedServers } from '../../topology/tag-expression.ts';
import { type Command, required } from '../command.ts';
import { drawing } from './drawing.ts';
import { RECORDED, recordedTopology } from './recorded-topology.ts';

/** Tags of servers: reading, setting, taking away. */
export const TAGS: readonly Command[] = [
  {
    name: 'topology-tags',
    section: 'Information',
    summary: 'Draw the replication tree of a cluster with the tags of each instance',
    options: '-alias CLUSTER | -i HOST[:PORT] [-pattern REGEXP]',
    notes: RECORDED,
    each: true,
    run: async (context) => {
      const recorded = await recordedTopology(context);
      if (recorded !== undefined) return recorded;
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
  {
    name: 'tag',
    section: 'Tags',
    summary: 'Set a tag of an instance, in the place of what it had under that name',
    options: '-i HOST[:PORT] -tag! NAME[=VALUE]',
    each: true,
    run: async (context) => {
      const tag = required(context, 'tag');
      const key = context.select.key();
      await (await context.actions()).tag(key, tag);
      return [keyText(key)];
    },
  },
  {
    name: 'untag',
    section: 'Tags',
    summary: 'Take a tag from an instance; with a value only where it has that one',
    options: '-i HOST[:PORT] -tag! NAME[=VALUE]',
    notes: 'Prints the instance where it had the tag, nothing otherwise.',
    each: true,
    run: async (context) => {
      const tag = required(context, 'tag');
      return (await (await context.actions()).untag(tag, context.select.key())).map(keyText);
    },
  },
  {
    name: 'untag-all',
    section: 'Tags',
    summary: 'Take a tag from every instance that has it with this value, and print them',
    options: '-tag! NAME=VALUE',
    run: async (context) => {
      const tag = required(context, 'tag');
      return (await (await context.actions()).untag(tag)).map(keyText);
    },
  },
];
