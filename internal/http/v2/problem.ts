import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { PROBLEM_KINDS, type ProblemCode } from './problem-codes.ts';

/** The body of every failure of `/api/v2`, after RFC 9457. */
export interface Problem {
  /** Where the code is explained, below the URL prefix. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  /** What went wrong this time, for a person. */
  readonly message: string;
  /** What went wrong this time, for a program; which members there are depends on the code. */
  readonly details: Readonly<Record<string, unknown>>;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=UTF-8';

export function problem(code: ProblemCode, message: string, details: Problem['details'] = {}): Problem {
  const { status, meaning } = PROBLEM_KINDS[code];
  return { type: `/api/v2/problems/${code}`, title: meaning, status, code, message, details };
}

/** Ends a call with a problem that says more than a code and a message. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(code: ProblemCode, message: string, details: Problem['details'] = {}) {
    super(message);
    this.name = 'Refused';
    this.problem = problem(code, message, details);
  }
}

/** What nobody foresaw is told without its text, which may hold anything. */
export function problemOf(err: unknown): Problem {
  if (err instanceof Refused) return err.problem;
  if (isOrchestratorError(err)) return problem(err.code, errorText(err));
  return problem('INTERNAL', 'internal error; the log has it');
}

/** By its name: what is imported late is another copy of a class where TypeScript is run as it stands. */
function isOrchestratorError(err: unknown): err is OrchestratorError {
  return err instanceof Error && err.name === OrchestratorError.name && 'code' in err;
}
