import { compileGoRegexp } from '../../runtime/go-regexp.ts';
import { fail } from '../command.ts';

/** What `-pattern` says, in the syntax of Go. */
export function regularExpression(text: string): RegExp {
  return compileGoRegexp(text) ?? fail(`-pattern is no regular expression: ${text}`);
}
