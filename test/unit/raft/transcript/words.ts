import { settled } from '../../../../internal/raft/core/membership.ts';
import type { MessageBody, RaftMessage } from '../../../../internal/raft/core/messages.ts';
import type {
  Configuration,
  Index,
  LogEntry,
  Member,
  SnapshotMeta,
  Term,
} from '../../../../internal/raft/core/types.ts';

/*
 * How transcripts spell things. A position in a log is `index/term`, an entry that and its content: `3/2 x`, `2/2 noop`, `4/2 {a b + c}`.
 * A configuration is its voters, behind `<` those of the outgoing half, behind `+` the learners, behind `~` those who will be.
 * Messages read the same whether a node sends them or the script makes them up: `b>a t2 accepted 3`.
 */

export function memberText(id: string): Member {
  return { id, node: `node-${id}`, incarnation: '1', address: `${id}:10008`, labels: {}, promote: true };
}

export function configurationText({ voters, outgoing, learners, nextLearners }: Configuration): string {
  const part = (sign: string, ids: readonly string[]) => (ids.length === 0 ? [] : [sign, ...ids]);
  return `{${[...voters, ...part('<', outgoing), ...part('+', learners), ...part('~', nextLearners)].join(' ')}}`;
}

export function parseConfiguration(text: string): Configuration {
  const parts: Record<string, string[]> = { voters: [], '<': [], '+': [], '~': [] };
  let at = parts.voters!;
  for (const word of text.replace(/[{}]/g, ' ').trim().split(/\s+/)) {
    if (parts[word] !== undefined) at = parts[word];
    else if (word !== '') at.push(word);
  }
  const ids = [...new Set(Object.values(parts).flat())];
  const members = new Map(ids.map((id) => [id, memberText(id)]));
  const plain = settled({ members, voters: parts.voters!, learners: ids.filter((id) => !parts.voters!.includes(id)) });
  return { ...plain, outgoing: parts['<']!, learners: parts['+']!, nextLearners: parts['~']! };
}

export function entryText(entry: LogEntry): string {
  const place = `${entry.index}/${entry.term}`;
  if (entry.kind === 'noop') return `${place} noop`;
  if (entry.kind === 'configuration') return `${place} ${configurationText(entry.configuration)}`;
  const data = Buffer.from(entry.data).toString();
  return `${place} ${data.length > 12 ? `${data[0]}*${data.length}` : data}`;
}

/** `x*500` is five hundred times `x`. */
export function dataOf(text: string): Uint8Array {
  const [, letter, times] = /^(.)\*(\d+)$/.exec(text) ?? [];
  return new Uint8Array(Buffer.from(letter === undefined ? text : letter.repeat(Number(times))));
}

export function parseEntry(text: string): LogEntry {
  const [place = '', ...rest] = text.trim().split(' ');
  const [index, term] = parsePlace(place);
  const content = rest.join(' ');
  const head = { index, term, stampMs: 0 };
  if (content === 'noop') return { ...head, kind: 'noop' };
  if (content.startsWith('{')) return { ...head, kind: 'configuration', configuration: parseConfiguration(content) };
  return { ...head, kind: 'command', data: dataOf(content) };
}

export function parsePlace(text: string): [Index, Term] {
  const [index, term] = text.split('/').map(Number);
  if (!Number.isInteger(index) || !Number.isInteger(term)) throw new Error(`"${text}" is not index/term`);
  return [index!, term!];
}

export function messageText(message: RaftMessage): string {
  return `${message.from}>${message.to} t${message.term} ${bodyText(message)}`;
}

function bodyText(message: RaftMessage): string {
  switch (message.kind) {
    case 'preVoteRequest':
      return `pre-vote for ${message.nextTerm} last ${message.lastIndex}/${message.lastTerm}`;
    case 'preVoteResponse':
      return `pre-vote for ${message.nextTerm} ${message.granted ? 'yes' : 'no'}`;
    case 'voteRequest':
      return `vote last ${message.lastIndex}/${message.lastTerm}${message.transfer === undefined ? '' : ` ordered ${message.transfer}`}`;
    case 'voteResponse':
      return `vote ${message.granted ? 'yes' : 'no'}`;
    case 'append': {
      const entries = message.entries.length === 0 ? '' : `: ${message.entries.map(entryText).join(', ')}`;
      return `append after ${message.prevIndex}/${message.prevTerm} commit ${message.commit}${entries}`;
    }
    case 'appendAccepted':
      return `accepted ${message.matchIndex}`;
    case 'appendRejected':
      return `rejected ${message.prevIndex} has ${message.conflictTerm ?? 'none'} from ${message.conflictIndex}`;
    case 'heartbeat':
      return `heartbeat ${message.round} commit ${message.commit}${message.closedTransfers === 0 ? '' : ` lapsed ${message.closedTransfers}`}`;
    case 'heartbeatAck':
      return `heard ${message.round}${message.standing === 'ready' ? '' : ' as last resort'}`;
    case 'stale':
      return 'stale';
    case 'snapshotChunk':
      return `chunk of ${snapshotText(message.snapshot)} from ${message.offset} length ${message.data.length}`;
    case 'snapshotAck':
      return `chunk of ${message.snapshotId} next ${message.nextOffset}${message.matchIndex === undefined ? '' : ` match ${message.matchIndex}`}`;
    case 'timeoutNow':
      return `take over ${message.transfer}`;
    case 'readIndexRequest':
      return `read ${message.ticket}`;
    case 'readIndexResponse':
      return `read ${message.ticket} at ${message.index ?? 'none'}`;
    case 'removed':
      return `${message.reaped ? 'reaped' : 'removed'} by ${message.configurationIndex}`;
  }
}

/** `s5/2(100){a b}`: index, term, size in bytes, configuration. */
export function snapshotText({ id, index, term, bytes, configuration }: SnapshotMeta): string {
  return `${id}=${index}/${term}(${bytes})${configurationText(configuration)}`;
}

export function parseSnapshot(text: string): SnapshotMeta {
  const [, id, place, bytes, members] = /^([^=]+)=([\d/]+)\((\d+)\)(\{.*\})$/.exec(text) ?? [];
  if (id === undefined) throw new Error(`"${text}" is not a snapshot`);
  const [index, term] = parsePlace(place!);
  return {
    id,
    index,
    term,
    stampMs: 0,
    bytes: Number(bytes),
    configuration: parseConfiguration(members!),
    configurationIndex: 1,
  };
}

/** Each form of `bodyText`, read back; numbers by name of their group. */
const FORMS: readonly {
  readonly form: RegExp;
  readonly make: (found: Record<string, string | undefined>) => MessageBody;
}[] = [
  {
    form: /^pre-vote for (?<next>\d+) last (?<place>\S+)$/,
    make: ({ next, place }) => ({ kind: 'preVoteRequest', nextTerm: Number(next), ...last(place!) }),
  },
  {
    form: /^pre-vote for (?<next>\d+) (?<yes>yes|no)$/,
    make: ({ next, yes }) => ({ kind: 'preVoteResponse', nextTerm: Number(next), granted: yes === 'yes' }),
  },
  {
    form: /^vote last (?<place>\S+)(?: ordered (?<order>\d+))?$/,
    make: ({ place, order }) => ({
      kind: 'voteRequest',
      ...last(place!),
      transfer: order === undefined ? undefined : Number(order),
    }),
  },
  { form: /^vote (?<yes>yes|no)$/, make: ({ yes }) => ({ kind: 'voteResponse', granted: yes === 'yes' }) },
  {
    form: /^append after (?<place>\S+) commit (?<commit>\d+)(?:: (?<entries>.*))?$/,
    make: ({ place, commit, entries }) => {
      const [prevIndex, prevTerm] = parsePlace(place!);
      return {
        kind: 'append',
        prevIndex,
        prevTerm,
        commit: Number(commit),
        entries: (entries?.split(', ') ?? []).map(parseEntry),
      };
    },
  },
  { form: /^accepted (?<index>\d+)$/, make: ({ index }) => ({ kind: 'appendAccepted', matchIndex: Number(index) }) },
  {
    form: /^rejected (?<index>\d+) has (?<term>\S+) from (?<first>\d+)$/,
    make: ({ index, term, first }) => ({
      kind: 'appendRejected',
      prevIndex: Number(index),
      conflictTerm: term === 'none' ? undefined : Number(term),
      conflictIndex: Number(first),
    }),
  },
  {
    form: /^heartbeat (?<round>\d+) commit (?<commit>\d+)(?: lapsed (?<lapsed>\d+))?$/,
    make: ({ round, commit, lapsed }) => ({
      kind: 'heartbeat',
      round: Number(round),
      commit: Number(commit),
      closedTransfers: Number(lapsed ?? 0),
    }),
  },
  {
    form: /^heard (?<round>\d+)(?<resort> as last resort)?$/,
    make: ({ round, resort }) => ({
      kind: 'heartbeatAck',
      round: Number(round),
      standing: resort === undefined ? 'ready' : 'lastResort',
    }),
  },
  { form: /^stale$/, make: () => ({ kind: 'stale' }) },
  {
    form: /^chunk of (?<snapshot>\S+=.*\}) from (?<offset>\d+) length (?<length>\d+)$/,
    make: ({ snapshot, offset, length }) => ({
      kind: 'snapshotChunk',
      snapshot: parseSnapshot(snapshot!),
      offset: Number(offset),
      data: new Uint8Array(Number(length)),
    }),
  },
  {
    form: /^chunk of (?<id>\S+) next (?<next>\d+)(?: match (?<match>\d+))?$/,
    make: ({ id, next, match }) => ({
      kind: 'snapshotAck',
      snapshotId: id!,
      nextOffset: Number(next),
      matchIndex: match === undefined ? undefined : Number(match),
    }),
  },
  { form: /^take over (?<order>\d+)$/, make: ({ order }) => ({ kind: 'timeoutNow', transfer: Number(order) }) },
  { form: /^read (?<ticket>\d+)$/, make: ({ ticket }) => ({ kind: 'readIndexRequest', ticket: Number(ticket) }) },
  {
    form: /^read (?<ticket>\d+) at (?<index>\S+)$/,
    make: ({ ticket, index }) => ({
      kind: 'readIndexResponse',
      ticket: Number(ticket),
      index: index === 'none' ? undefined : Number(index),
    }),
  },
  {
    form: /^(?<how>removed|reaped) by (?<index>\d+)$/,
    make: ({ how, index }) => ({ kind: 'removed', configurationIndex: Number(index), reaped: how === 'reaped' }),
  },
];

export function parseMessage(line: string): RaftMessage {
  const [, from, to, term, body] = /^(\w+)>(\w+) t(\d+) (.*)$/.exec(line) ?? [];
  for (const { form, make } of FORMS) {
    const groups = form.exec(body ?? '')?.groups ?? (form.exec(body ?? '') ? {} : undefined);
    if (groups !== undefined) return { ...make(groups), from: from!, to: to!, term: Number(term) } as RaftMessage;
  }
  throw new Error(`"${line}" is no message`);
}

function last(place: string): { lastIndex: Index; lastTerm: Term } {
  const [lastIndex, lastTerm] = parsePlace(place);
  return { lastIndex, lastTerm };
}
