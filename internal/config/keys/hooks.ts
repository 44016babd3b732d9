import { list, text } from './key.ts';

export const HOOKS = {
  ProcessesShellCommand: text('bash', 'Shell that runs hooks.'),
  OnFailureDetectionProcesses: list(
    [],
    'Run when a problem is detected. One that fails keeps the recovery from starting this time.',
  ),
  PreGracefulTakeoverProcesses: list([], 'Run before a planned takeover changes anything. One that fails stops it.'),
  PreFailoverProcesses: list([], 'Run before a recovery changes anything. One that fails stops it.'),
  PostFailoverProcesses: list([], 'Run after every recovery with a successor.'),
  PostUnsuccessfulFailoverProcesses: list([], 'Run after every recovery without a successor.'),
  PostMasterFailoverProcesses: list([], 'Run after the recovery of a primary, before `PostFailoverProcesses`.'),
  PostIntermediateMasterFailoverProcesses: list(
    [],
    'Run after the recovery of an intermediate primary, before `PostFailoverProcesses`.',
  ),
  PostGracefulTakeoverProcesses: list([], 'Run after a planned takeover.'),
  PostTakeMasterProcesses: list([], 'Run after `take-master`, with the new and the old source as arguments.'),
};
