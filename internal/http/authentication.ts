// Who calls, and whether they may act. Reading is open to everyone who is let in at all.

import { isUtf8 } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { OrchestratorError } from '../runtime/errors.ts';

export interface AuthenticationSettings {
  /** `AuthenticationMethod` as configured; any case. */
  readonly method: string;
  readonly user: string;
  readonly password: string;
  /** Header in which a proxy names the user. */
  readonly userHeader: string;
  /** `proxy`: who may act; `*` everybody, even without a name. */
  readonly powerUsers: readonly string[];
  /** `proxy`: or members of one of these groups of this host. */
  readonly powerGroups: readonly string[];
}

export interface Caller {
  /** Empty where nobody said who it is. */
  readonly name: string;
  readonly mayAct: boolean;
}

/** The value of a request header, empty without one. The name in any case. */
export type ReadHeader = (name: string) => string;
export type GroupsOf = (user: string) => Promise<readonly string[]>;

/** What has to be looked up of somebody. */
export interface Lookups {
  readonly groupsOf: GroupsOf;
  /** Whether these are the two parts of a token that counts. */
  readonly isToken: (publicToken: string, secret: string) => Promise<boolean>;
}

/** For whoever is let in or not, and may look only. */
export const NO_LOOKUPS: Lookups = { groupsOf: async () => [], isToken: async () => false };

type Method = (settings: AuthenticationSettings, header: ReadHeader, lookups: Lookups) => Promise<Caller | undefined>;

const METHODS: Readonly<Record<string, Method>> = {
  '': async () => ({ name: '', mayAct: true }),
  basic: async (settings, header) => {
    const given = credentials(header('authorization'));
    return given && isOwner(settings, given) ? { name: given.user, mayAct: true } : undefined;
  },
  multi: async (settings, header) => {
    const given = credentials(header('authorization'));
    if (given === undefined) return undefined;
    if (isOwner(settings, given)) return { name: given.user, mayAct: true };
    return given.user === 'readonly' ? { name: 'readonly', mayAct: false } : undefined;
  },
  proxy: async (settings, header, { groupsOf }) => {
    const name = (textOf(header(settings.userHeader)).split(',')[0] ?? '').trim();
    return { name, mayAct: await isPowerful(settings, name, groupsOf) };
  },
  token: async (_settings, header, { isToken }) => {
    const [publicToken, secret] = tokenIn(header('cookie')) ?? [];
    const mayAct = publicToken !== undefined && secret !== undefined && (await isToken(publicToken, secret));
    return { name: '', mayAct };
  },
  oauth: async () => ({ name: '', mayAct: false }),
};

/** Nothing when the settings can be served; otherwise what a person should know of them. */
export function authenticationWarning({ method }: AuthenticationSettings): string | undefined {
  const known = method.toLowerCase();
  if (METHODS[known] === undefined) return `unknown AuthenticationMethod "${method}": everybody may act`;
  if (known === 'oauth') return `AuthenticationMethod "${method}": nobody may act`;
  return undefined;
}

/** @throws {OrchestratorError} `CONFIG_INVALID`: a login without a user would let everybody in, or nobody */
export function checkAuthentication({ method, user }: AuthenticationSettings): void {
  if (['basic', 'multi'].includes(method.toLowerCase()) && user === '')
    throw new OrchestratorError('CONFIG_INVALID', `AuthenticationMethod "${method}" needs HTTPAuthUser`);
}

/** The caller; undefined where a login is asked for and was not given, or a wrong one. */
export function authenticate(
  settings: AuthenticationSettings,
  header: ReadHeader,
  lookups: Lookups,
): Promise<Caller | undefined> {
  const method = METHODS[settings.method.toLowerCase()] ?? METHODS[''];
  return method === undefined ? Promise.resolve(undefined) : method(settings, header, lookups);
}

/** Of a header, each byte of which was read as a letter: as UTF-8, in which proxies write names, where it is that. */
function textOf(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

function credentials(authorization: string): Credentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

export const TOKEN_COOKIE = 'access-token';
/** Of a public token, and of a secret one: what may stand in a cookie, and in a row. */
export const TOKEN_FORM = /^[\w.-]{1,128}$/;

/** Public and secret part; undefined: there is none, or it is nothing that was ever given out. */
function tokenIn(cookies: string): readonly [string, string] | undefined {
  const cookie = cookies
    .split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${TOKEN_COOKIE}=`));
  const [publicToken = '', secret = '', ...rest] = (cookie ?? '').slice(TOKEN_COOKIE.length + 1).split(':');
  if (rest.length > 0 || !TOKEN_FORM.test(publicToken) || !TOKEN_FORM.test(secret)) return undefined;
  return [publicToken, secret];
}

/** Both parts are compared whatever the first one gave, each in the same time for every input. */
function isOwner(settings: AuthenticationSettings, given: Credentials): boolean {
  const user = sameSecret(settings.user, given.user);
  const password = sameSecret(settings.password, given.password);
  return settings.user !== '' && user && password; // a reload may have taken the user away: then nobody gets in
}

function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

async function isPowerful(settings: AuthenticationSettings, name: string, groupsOf: GroupsOf): Promise<boolean> {
  const { powerUsers, powerGroups } = settings;
  if (powerUsers.includes('*')) return true;
  if (name === '') return false;
  if (powerUsers.includes(name)) return true;
  if (powerGroups.length === 0) return false;
  const groups = await groupsOf(name);
  return powerGroups.some((group) => groups.includes(group));
}
