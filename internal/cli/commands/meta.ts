import { keyText, parseKey } from '../../topology/instance-key.ts';
import { type Command, fail, required } from '../command.ts';
import { ownerOf } from './instances.ts';

/** A node counts as there while it was heard of this recently. */
const NODE_SILENT_MS = 2_000;

export const META: readonly Command[] = [
  {
    name: 'bulk-instances',
    section: 'Meta',
    summary: 'List all known instances, sorted as text',
    options: '',
    run: ({ world }) => sorted(world.restored.instances.map(({ instance }) => keyText(instance.key))),
  },
  {
    name: 'bulk-promotion-rules',
    section: 'Meta',
    summary: 'List all registered promotion rules',
    options: '',
    run: ({ world }) => sorted([...world.restored.promotionRules].map(([key, rule]) => `${key} ${rule}`)),
  },
  {
    name: 'resolve',
    section: 'Meta',
    summary: 'Connect to an instance and print the canonical name of its host',
    options: '-i! HOST[:PORT]',
    notes: 'Nothing is looked up in the backend; a TCP connection must succeed.',
    runPlain: async (context) => {
      const { canonicalName } = await import('../resolve.ts');
      const { connects } = await import('../../mysql/reachable.ts');
      const key = parseKey(required(context, 'i'), context.config.DefaultInstancePort);
      await connects(key, context.config.MySQLConnectTimeoutSeconds * 1000);
      return [keyText({ ...key, hostname: await canonicalName(key.hostname) })];
    },
  },
  {
    name: 'dump-config',
    section: 'Meta',
    summary: 'Print the configuration in force as one line of JSON',
    options: '',
    notes: 'Passwords and tokens are shown as ********.',
    runPlain: async ({ config }) => {
      const { dumpConfig } = await import('../../config/dump.ts');
      return [dumpConfig(config)];
    },
  },
  {
    name: 'continuous',
    section: 'Meta',
    summary: 'Discover, detect and recover without an API, until it is told to stop',
    options: '[-grab-election]',
    notes: 'Logs as http does. Not for the nodes of a group.',
    loops: true,
  },
  {
    name: 'active-nodes',
    section: 'Meta',
    summary: 'List the processes that work on this backend, as host:token',
    options: '',
    run: async ({ world, nowMs }) =>
      (await world.store.nodes.seenSince(nowMs - NODE_SILENT_MS)).map(({ hostname, token }) => `${hostname}:${token}`),
  },
  {
    name: 'snapshot-topologies',
    section: 'Meta',
    summary: 'Record who replicates from whom, for topology -pattern',
    options: '',
    run: async ({ actions }) => {
      await (await actions()).recordTopologies();
      return [];
    },
  },
  {
    name: 'access-token',
    section: 'Meta',
    summary: 'Issue a token for a browser, with AuthenticationMethod "token"',
    options: '[-owner NAME]',
    notes:
      'Open /web/access-token?publicToken=TOKEN with it, once, before AccessTokenUseExpirySeconds are over; in a group on any node.',
    run: async (context) => {
      const { store, config } = context.world;
      const { tokenLimits, tokenSecrets } = await import('../../app/token-limits.ts');
      if (config.RaftEnabled) {
        const { signingSecret, signToken } = await import('../../app/signed-tokens.ts');
        return [signToken(signingSecret(tokenSecrets(config)), context.nowMs)];
      }
      return [await store.tokens.issue(ownerOf(context), tokenLimits(config))];
    },
  },
  {
    name: 'reset-hostname-resolve-cache',
    section: 'Meta',
    summary: 'Forget what host names were resolved to: they are looked up again',
    options: '',
    run: async ({ actions }) => {
      await (await actions()).forgetResolvedNames();
      return ['hostname resolve cache cleared'];
    },
  },
  {
    name: 'show-resolve-hosts',
    section: 'Meta',
    summary: 'List the host names that were resolved, each with its canonical name',
    options: '',
    run: async ({ world }) => [...(await world.store.names.all('resolved'))].map((pair) => pair.join(' ')),
  },
  {
    name: 'show-unresolve-hosts',
    section: 'Meta',
    summary: 'List the canonical host names that have a virtual name, each with it',
    options: '',
    run: async ({ world }) => [...(await world.store.names.all('unresolved'))].map((pair) => pair.join(' ')),
  },
  {
    name: 'redeploy-internal-db',
    section: 'Meta',
    summary: 'Create or upgrade the tables of the backend',
    options: '',
    run: () => ['Redeployed internal db'], // opening the backend did it
  },
  {
    name: 'custom-command',
    section: 'Meta',
    summary: 'Retired: there are no agents any more',
    options: '',
    runPlain: () => fail('custom-command is retired: there are no agents any more'),
  },
];

/** One empty line where there is nothing. */
function sorted(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [''] : [...lines].sort();
}
