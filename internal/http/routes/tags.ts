import { OrchestratorError } from '../../runtime/errors.ts';
import { type InstanceKey, keyText } from '../../topology/instance-key.ts';
import { parseTag, taggedServers } from '../../topology/tag-expression.ts';
import { bad, type Request } from '../request.ts';
import { act, bare, envelope, type HttpServerDeps, type Route } from '../route.ts';
import { wireKey } from '../wire/values.ts';

/** Tags of servers: reading, setting, taking away. */
export function tagRoutes({ services }: HttpServerDeps): readonly Route[] {
  return [
    bare('tags/:host/:port', async (request) =>
      (await services.tags(request.key())).map(({ name, value }) => `${name}=${value}`),
    ),
    bare('tag-value/:host/:port', (request) => tagValue(request, request.query('tag'))),
    bare('tag-value/:host/:port/:tagName', (request) => tagValue(request, request.text('tagName'))),
    act('tag/:host/:port', (request) => tag(request, request.query('tag'))),
    act('tag/:host/:port/:tagName/:tagValue', (request) => tag(request, named(request))),
    act('untag/:host/:port', (request) => untag(request.query('tag'), request.key())),
    act('untag/:host/:port/:tagName', (request) =>
      untag(request.query('tag') || request.text('tagName'), request.key()),
    ),
    act('untag-all', (request) => untag(request.query('tag'))),
    act('untag-all/:tagName/:tagValue', (request) => untag(named(request))),
    bare('tagged', tagged),
    bare('tagged/:host/:port', tagged), // the shell client names the instance of its environment, which means nothing here
  ];

  /** The query string wins over the path. */
  function named(request: Request): string {
    return request.query('tag') || `${request.text('tagName')}=${request.text('tagValue')}`;
  }

  async function tag(request: Request, text: string) {
    const key = request.key();
    await services.tag(key, text);
    return envelope('OK', `${keyText(key)} tagged with ${text}`, wireKey(key));
  }

  async function untag(text: string, key?: InstanceKey) {
    const keys = await services.untag(text, key);
    return envelope('OK', `${parseTag(text).name} removed from ${keys.length} instances`, keys.map(wireKey));
  }

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
