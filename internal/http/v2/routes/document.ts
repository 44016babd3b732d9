import { z } from 'zod';
import { type Call, entries, list, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { openApi } from '../openapi.ts';
import { Refused } from '../problem.ts';
import { PROBLEM_KINDS, type ProblemCode } from '../problem-codes.ts';
import { named } from '../schema.ts';

const ProblemKindForm = named(
  'ProblemKind',
  z
    .strictObject({ code: z.string(), status: z.int(), meaning: z.string(), advice: z.string() })
    .describe('A way to fail, and what to do about it'),
);

/** What the API says of itself. Answered by any node, in a group or not. */
export function documentCalls({ settings }: V2Deps, calls: readonly Call[]): readonly Call[] {
  const area = 'document';
  const kinds = Object.entries(PROBLEM_KINDS).map(([code, kind]) => ({ code, ...kind }));
  const own: readonly Call[] = [
    read({
      ...{ id: 'getOpenApi', area, path: '/openapi.json', local: true, summary: 'This document' },
      answer: z.looseObject({ openapi: z.string() }),
      handle: () => document(),
    }),
    list({
      ...{ id: 'listProblemKinds', area, path: '/problems', local: true, summary: 'All ways in which a call can fail' },
      item: ProblemKindForm,
      handle: () => entries({ items: kinds, key: ({ code }) => [code], render: (kind) => kind }),
    }),
    read({
      ...{ id: 'getProblemKind', area, path: '/problems/{code}', local: true, summary: 'One way to fail' },
      with: { code: z.string().max(100) },
      problems: ['NOT_FOUND'],
      answer: ProblemKindForm,
      handle: ({ path: { code } }) => {
        if (!Object.hasOwn(PROBLEM_KINDS, code)) throw new Refused('NOT_FOUND', `no problem is called ${code}`);
        return { code, ...PROBLEM_KINDS[code as ProblemCode] };
      },
    }),
  ];
  let made: { readonly openapi: string } | undefined;
  return own;

  function document() {
    made ??= openApi([...calls, ...own], `${settings.urlPrefix}/api/v2`);
    return made;
  }
}
