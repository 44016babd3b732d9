import { systemClock } from '../runtime/clock.ts';
import { type Answer, envelopeOf, oneLine, Part } from './answer.ts';
import { Api } from './api.ts';
import type { ApiCommand, Told } from './command.ts';
import { ClientError } from './errors.ts';
import { Given } from './given.ts';
import type { CommandLine } from './options.ts';
import { nothing } from './printing.ts';
import type { Environment } from './profile.ts';
import { accessOf } from './settings.ts';
import { transportOf } from './transport.ts';

export interface Outputs {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** A line of the client's own, with its name before it. */
  readonly tell: (text: string) => void;
}

/** The API that options and environment name. */
export function apiFor(line: Pick<CommandLine, 'values'>, env: Environment, tell: Outputs['tell'] = () => {}): Api {
  const access = accessOf(line, env);
  return new Api({ transport: transportOf(access), apis: access.apis, sleep: (ms) => systemClock.sleep(ms), tell });
}

/** Asks and prints; the answer is the exit status. @throws {ClientError} */
export async function runApiCommand(
  command: ApiCommand,
  line: CommandLine,
  env: Environment,
  outputs: Outputs,
): Promise<number> {
  const given = new Given(line.values, env);
  given.check(command);
  const path = command.path(given);
  const api = apiFor(line, env, outputs.tell);
  if (command.onLeader) {
    const state = await api.call('raft-state', false);
    if (isError(state)) return refused(command, state, line, outputs);
    if (!String(state.json).includes('Leader'))
      throw new ClientError(
        `Cannot determine raft state: ${state.url} says ${String(state.json)}; name all nodes of the group in ORCHESTRATOR_API, and the leader is found`,
      );
  }
  const answer = await api.call(path, command.changes === true);
  if (isError(answer)) return refused(command, answer, line, outputs);
  if (line.values.has('json')) outputs.out(`${answer.text}\n`);
  else print(command, answer, outputs);
  return 0;
}

function isError(answer: Answer): boolean {
  return envelopeOf(answer)?.Code.includes('ERROR') === true;
}

function print({ name, print: linesOf }: ApiCommand, answer: Answer, { out, tell }: Outputs): void {
  const envelope = envelopeOf(answer);
  const data = envelope === undefined ? new Part(answer.json, '$') : new Part(envelope.Details, '$.Details');
  const told: Told = { data, envelope, answer };
  try {
    const lines = linesOf(told);
    out(lines.map((line) => `${line}\n`).join(''));
    if (linesOf !== nothing && lines.length === 0 && data.isNull && envelope !== undefined)
      tell(oneText(envelope.Message));
  } catch (err) {
    if (!(err instanceof ClientError)) throw err;
    throw new ClientError(
      `${name}: ${answer.url}: ${err.message}; is another version, or another program, at work there?`,
      {
        status: err.status,
        cause: err,
      },
    );
  }
}

/** What the API says is wrong goes to the standard error, what it says of it besides to the standard output. */
function refused({ name }: ApiCommand, answer: Answer, { values }: CommandLine, { out, err, tell }: Outputs): number {
  const envelope = envelopeOf(answer);
  if (envelope === undefined) return 1;
  if (name === 'api' && !values.has('json')) {
    out(`${oneLine(answer.text)}\n`);
    return 1;
  }
  err(`${oneText(envelope.Message)}\n`);
  const advice = ADVICE.find(({ when }) => when.test(envelope.Message));
  if (advice !== undefined) tell(`${name}: ${answer.url}: ${advice.text}`);
  if (values.has('json')) out(`${answer.text}\n`);
  else if (envelope.Details !== null) out(`${oneLine(JSON.stringify(envelope.Details))}\n`);
  return 1;
}

const ADVICE: readonly { readonly when: RegExp; readonly text: string }[] = [
  {
    when: /\bUnauthorized$/,
    text: 'you may look there, and not act: log in as somebody who may (-b, -e), or ask a node that is not read-only',
  },
  { when: /^No such API call/, text: 'the daemon there does not know this call: it may be of another version' },
  { when: /outcome unknown/, text: 'it may have been done: look at the servers before you ask again' },
];

function oneText(message: string): string {
  return message.replace(/\s+/g, ' ').trim();
}
