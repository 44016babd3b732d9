import { z } from 'zod';
import { formatAddress, parseAddress } from '../../../raft/address.ts';
import { errorText } from '../../../runtime/errors.ts';
import type { GroupView } from '../../group-view.ts';
import { isHintedAt, yieldTo } from '../../leadership.ts';
import { type Call, change, download, entries, list, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { Refused } from '../problem.ts';
import { GroupForm, groupOf, MemberForm, memberOf } from '../resources/group.ts';
import { Count, named } from '../schema.ts';

const Address = z.string().trim().min(1).max(300).describe('`host`, or `host:port`');
const LOCAL = { local: true } as const;
const OF_NODE = { local: true, acts: 'onAnyNode' } as const;

/** The daemons: who leads, who belongs to the group, and changes of both. */
export function groupCalls({ services, settings }: V2Deps): readonly Call[] {
  const { raft } = settings;
  const area = 'group';
  return [
    read({
      ...{ id: 'getGroup', area, path: '/group', summary: 'The group as the node that is asked sees it', ...LOCAL },
      problems: ['CONFLICT'],
      answer: GroupForm,
      handle: () => groupOf(group(), raft.readyMaxLag),
    }),
    list({
      ...{ id: 'listGroupMembers', area, path: '/group/members', summary: 'Members of the group, by address' },
      problems: ['CONFLICT'],
      item: MemberForm,
      handle: () => entries({ items: group().now().members, key: ({ address }) => [address], render: memberOf }),
    }),
    change('post', {
      ...{ id: 'addGroupMember', area, path: '/group/members', summary: 'Take a node into the group' },
      body: z.strictObject({
        address: Address,
        waitUntilVoter: z.boolean().optional().describe('The answer comes when it votes; else when it is in'),
      }),
      answer: z.strictObject({ address: z.string() }),
      status: 201,
      handle: async ({ body }) => {
        const address = addressOf(body.address);
        await group().addPeer(address, body.waitUntilVoter === true);
        return { address };
      },
    }),
    change('delete', {
      ...{ id: 'removeGroupMember', area, path: '/group/members/{address}', summary: 'Remove a node from the group' },
      with: { address: Address },
      handle: async ({ path }) => group().removePeer(addressOf(path.address)),
    }),
    change('put', {
      ...{
        id: 'setGroupSize',
        area,
        path: '/group/size',
        summary: 'Remove the highest-numbered members until so many are left',
      },
      body: z.strictObject({
        members: z.int().min(1).max(1_000),
        atMost: z.int().min(1).max(1_000).optional().describe('Removes no more than so many now'),
      }),
      answer: named('GroupSize', z.strictObject({ removed: z.array(z.string()), members: Count, done: z.boolean() })),
      handle: async ({ body }) => {
        const { removed, members } = await group().scaleDown(body.members, body.atMost ?? Number.POSITIVE_INFINITY);
        return { removed: [...removed], members, done: members <= body.members };
      },
    }),
    change('post', {
      ...{ id: 'transferLeadership', area, path: '/leadership-transfers', summary: 'Have another node lead' },
      description: 'Among daemons on one backend: whoever leads steps down, and the others may take the lead first.',
      handsOver: true,
      problems: ['NOT_FOUND'],
      body: z.strictObject({
        to: Address.optional().describe('A voter; whoever is fit, where neither this nor a hint is given'),
        hint: z.string().trim().min(1).max(300).optional().describe('Part of a host, name or label: one of these'),
        wait: z.boolean().optional().describe('The answer comes when the new leader is known'),
      }),
      status: 202,
      answer: z.strictObject({}),
      handle: async ({ body: { to, hint, wait = false } }) => {
        if (services.election !== undefined) await services.election.reelect();
        else if (hint !== undefined) await yieldTo(group(), hint, (member) => isHintedAt(member, hint), wait);
        else if (to === undefined) await group().transfer(undefined, wait);
        else {
          const wanted = addressOf(to);
          await yieldTo(group(), wanted, ({ address }) => address === wanted, wait);
        }
        return {};
      },
    }),
    change('post', {
      ...{ id: 'claimLeadership', area, path: '/leadership-claims', ...OF_NODE },
      summary: 'Have the node that is asked lead, among daemons on one backend',
      handle: async () => {
        if (services.election === undefined)
          throw new Refused('CONFLICT', 'no other node works on this backend; in a group leadership is transferred');
        await services.election.grab();
      },
    }),
    change('put', {
      ...{ id: 'setDraining', area, path: '/node/draining', ...OF_NODE },
      summary: 'Make the node ready to be stopped, or take that back',
      body: z.strictObject({ draining: z.boolean() }),
      handle: async ({ body }) => {
        if (body.draining) await group().drain();
        else group().undrain();
      },
    }),
    change('post', {
      ...{
        id: 'takeSnapshot',
        area,
        path: '/node/snapshots',
        summary: 'Have the node write a snapshot of its log',
        ...OF_NODE,
      },
      handle: () => group().takeSnapshot(),
    }),
    download({
      ...{ id: 'getBackup', area, path: '/node/backup', ...OF_NODE },
      summary: 'The state of the group as this node has it, for `raft-restore`',
      handle: () => group().backup(),
    }),
  ];

  function group(): GroupView {
    if (services.group === undefined) throw new Refused('CONFLICT', 'this node belongs to no group (RaftEnabled)');
    return services.group;
  }

  function addressOf(text: string): string {
    try {
      return formatAddress(parseAddress(text, 'address', raft.defaultPort));
    } catch (err) {
      throw new Refused('BAD_REQUEST', errorText(err));
    }
  }
}
