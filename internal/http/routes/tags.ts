import { OrchestratorError } from '../../runtime/errors.ts';
import { keyText } from '../../topology/instance-key.ts';
import { taggedServers } from '../../topology/tag-expression.ts';
import { bad, type Request } from '../request.ts';
import { bare, type HttpServerDeps, type Route } from '../route.ts';
import { wireKey } from '../wire/values.ts';

/** Reading tags. They are set by other tools on the same backend. */
export function tagRoutes({ services }: HttpServerDeps): readonly Route[] {
  return [
    bare('tags/:host/:port', async (request) =>
      (await services.tags(request.key())).map(({ name, value }) => `${name}=${value}`),
    ),
    bare('tag-value/:host/:port', (request) => tagValue(request, request.query('tag'))),
    bare('tag-value/:host/:port/:tagName', (request) => tagValue(request, request.text('tagName'))),
    bare('tagged', tagged),
    bare('tagged/:host/:port', tagged), // the shell client names the instance of its environment, which means nothing here
  ];

  async function tagValue(request: Request, name: string) {
    const key = request.key();
    if (name === '') throw bad('No tag given');
    const found = (await services.tags(key)).find((tag) => tag.name === name);
    if (found === undefined) throw new OrchestratorError('NOT_FOUND', `Tag ${name} not found for ${keyText(key)}`);
    return found.value;
  }

  async function tagged(request: Request) {
    const tags = await services.tags();
    const keys = new Map(tags.map(({ key }) => [keyText(key), key]));
    return taggedServers(tags, request.query('tag')).map((server) => wireKey(keys.get(server)));
  }
}
