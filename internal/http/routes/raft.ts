import { type Address, formatAddress, parseAddress } from '../../raft/address.ts';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import type { GroupView } from '../group-view.ts';
import { isHintedAt, yieldTo } from '../leadership.ts';
import { bad, type Request } from '../request.ts';
import {
  act,
  bare,
  type Envelope,
  envelope,
  type FileAnswer,
  type HttpServerDeps,
  local,
  type Route,
} from '../route.ts';
import { isHealthy, wireRaftStatus, wireState } from '../wire/group.ts';

/** The group of daemons: what it looks like from here, and changes of its leader and its members. */
export function raftRoutes({ services, settings }: HttpServerDeps): readonly Route[] {
  const { raft } = settings;
  return [
    local(bare('raft-state', () => wireState(group('raft-state').now()))),
    local(bare('raft-leader', () => group('raft-leader').now().leader?.address ?? '')),
    local(
      bare('raft-peers', () =>
        group('raft-peers')
          .now()
          .members.map(({ address }) => address),
      ),
    ),
    local(bare('raft-health', health)),
    local(bare('raft-status', () => wireRaftStatus(group('raft-status'), raft.readyMaxLag))),
    local({ path: 'raft-snapshot', acts: 'onAnyNode', answer: 'bare', handle: snapshot }),
    local(bare('raft-follower-health-report/:authenticationToken/:raftBind/:raftAdvertise', reported)),
    local({ path: 'raft-drain', acts: 'onAnyNode', answer: 'bare', handle: drain }),
    { path: 'raft-add-peer/:addr', acts: true, answer: 'bare', handle: add },
    { path: 'raft-remove-peer/:addr', acts: true, answer: 'bare', handle: remove },
    { path: 'raft-scale-down/:to', acts: true, answer: 'bare', handle: scaleDown },
    local({ path: 'raft-backup', acts: 'onAnyNode', answer: 'file', handle: () => backup() }),
    { ...act('raft-yield/:node', yieldToNode), handsOver: true },
    { ...act('raft-yield-hint/:hint', yieldByHint), handsOver: true },
    { ...act('reelect', reelect), handsOver: true },
    local(act('grab-election', grab)),
  ];

  /** @throws {OrchestratorError} `BAD_REQUEST`; the end of the message is contract */
  function group(route: string): GroupView {
    if (services.group === undefined) throw bad(`${route}: not running with raft setup`);
    return services.group;
  }

  function health(): string {
    const view = group('raft-health');
    if (!isHealthy(view, view.now(), raft.readyMaxLag)) throw new OrchestratorError('BAD_REQUEST', 'unhealthy');
    return 'healthy';
  }

  async function snapshot(): Promise<string> {
    await group('raft-snapshot').takeSnapshot();
    return 'snapshot created';
  }

  async function drain(request: Request): Promise<string> {
    const view = group('raft-drain');
    if (request.query('undo') === 'true') {
      view.undrain();
      return 'in service';
    }
    await view.drain();
    return 'drained';
  }

  /** Health travels between the nodes by itself: whoever still reports it this way is told that all is well (C-71). */
  function reported(): string {
    group('raft-follower-health-report');
    return 'health reported';
  }

  async function add(request: Request): Promise<string> {
    const view = group('raft-add-peer');
    const address = formatAddress(addressOf(request.text('addr')));
    await view.addPeer(address, request.query('wait') === 'voter');
    return address;
  }

  async function remove(request: Request): Promise<string> {
    const view = group('raft-remove-peer');
    const address = formatAddress(addressOf(request.text('addr')));
    await view.removePeer(address);
    return address;
  }

  async function scaleDown(request: Request) {
    const view = group('raft-scale-down');
    const to = request.number('to');
    const { removed, members } = await view.scaleDown(
      to,
      request.query('one') === 'true' ? 1 : Number.POSITIVE_INFINITY,
    );
    return { To: to, Removed: removed, Members: members, Done: members <= to };
  }

  async function backup(): Promise<FileAnswer> {
    return group('raft-backup').backup();
  }

  async function yieldToNode(request: Request): Promise<Envelope> {
    const view = group('raft-yield');
    const wanted = formatAddress(addressOf(request.text('node')));
    await yieldTo(view, wanted, ({ address }) => address === wanted, isWaiting(request));
    return envelope('OK', 'Asynchronously yielded');
  }

  async function yieldByHint(request: Request): Promise<Envelope> {
    const view = group('raft-yield-hint');
    const hint = request.text('hint');
    if (hint !== '') await yieldTo(view, hint, (member) => isHintedAt(member, hint), isWaiting(request));
    return envelope('OK', `Asynchronously yielded by hint ${hint}`, hint);
  }

  async function reelect(request: Request): Promise<Envelope> {
    if (services.election === undefined) {
      await group('reelect').transfer(undefined, isWaiting(request));
      return envelope('OK', 'Leadership is handed over');
    }
    await services.election.reelect();
    return envelope('OK', 'Set re-elections');
  }

  async function grab(): Promise<Envelope> {
    const route = 'grab-election';
    if (services.group !== undefined)
      throw bad(`${route}: leadership of a group is not grabbed; use raft-yield or reelect`);
    if (services.election === undefined) throw bad(`${route}: no other node works on this backend`);
    await services.election.grab();
    return envelope('OK', 'Node grabbed as leader');
  }

  function addressOf(text: string): Address {
    try {
      return parseAddress(text, 'node', raft.defaultPort);
    } catch (err) {
      throw bad(errorText(err));
    }
  }
}

function isWaiting(request: Request): boolean {
  return request.query('wait') === 'true';
}
