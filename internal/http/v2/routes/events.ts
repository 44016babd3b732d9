import { z } from 'zod';
import { type Call, stream } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { EVENT_TYPES, EventForm, type EventType } from '../events/event.ts';
import type { EventStreams } from '../events/streams.ts';
import { Refused } from '../problem.ts';

/** What happens, as it happens. */
export function eventCalls(_: V2Deps, streams: EventStreams): readonly Call[] {
  return [
    stream({
      ...{ id: 'listenToEvents', area: 'events', path: '/events', local: true, summary: 'What happens, as it happens' },
      description:
        'Server-sent events, told by the node that is asked. The first one is `open`: read the state then, and apply what follows. Come back with the last id that you have ' +
        '(`Last-Event-ID`, or `?lastEventId=`): what happened since follows, or a `reset` says that it cannot, and the state is to be read anew. ' +
        'A caller that takes nothing is cut off. A comment comes every 15 seconds.',
      query: {
        types: z
          .string()
          .max(500)
          .optional()
          .describe(`Only these, with commas between them: ${EVENT_TYPES.join(', ')}`),
        lastEventId: z.string().max(200).optional().describe('For those who cannot send the header `Last-Event-ID`'),
      },
      problems: ['TOO_MANY_STREAMS'],
      event: EventForm,
      handle: ({ query, lastEventId }) => {
        streams.admit();
        const types = query.types === undefined ? undefined : new Set(query.types.split(',').map(typeOf));
        const wish = { lastEventId: lastEventId || (query.lastEventId ?? ''), types };
        return (response) => streams.serve(response, wish);
      },
    }),
  ];
}

function typeOf(text: string): EventType {
  const found = EVENT_TYPES.find((type) => type === text.trim());
  if (found !== undefined) return found;
  const issues = [{ at: 'query.types', problem: `no events are called ${text.slice(0, 100)}` }];
  throw new Refused('BAD_REQUEST', `query.types: no events are called ${text.slice(0, 100)}`, { issues });
}
