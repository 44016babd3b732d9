// Where bookmarks and links of the established product lead: until there is a console, one page that says what there is instead.

import type Router from '@koa/router';
import type Koa from 'koa';

/** Below `/web/`. */
const PAGES = [
  ...['home', 'about', 'keep-calm', 'faq', 'status', 'clusters', 'clusters-analysis', 'discover'],
  ...['cluster/:clusterName', 'cluster/alias/:clusterAlias', 'cluster/instance/:host/:port'],
  ...['cluster-pools/:clusterName', 'search', 'search/:searchString', 'audit', 'audit/:page'],
  ...['audit/instance/:host/:port', 'audit/instance/:host/:port/:page', 'audit-recovery', 'audit-recovery/:page'],
  ...['audit-recovery/id/:id', 'audit-recovery/uid/:uid', 'audit-recovery/cluster/:clusterName'],
  ...['audit-recovery/cluster/:clusterName/:page', 'audit-recovery/alias/:clusterAlias'],
  ...['audit-recovery/alias/:clusterAlias/:page', 'audit-recovery-steps/:uid', 'audit-failure-detection'],
  ...['audit-failure-detection/:page', 'audit-failure-detection/id/:id', 'audit-failure-detection/alias/:clusterAlias'],
  ...['audit-failure-detection/alias/:clusterAlias/:page', 'agents', 'agent/:host', 'seeds', 'seed-details/:seedId'],
];

/** Nothing is loaded, run, framed or sent from these pages. */
const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const LINKS: readonly (readonly [path: string, text: string])[] = [
  ['api/clusters-info', 'Clusters'],
  ['api/problems', 'Servers with a problem'],
  ['api/replication-analysis', 'Analysis'],
  ['api/audit-recovery', 'Recoveries'],
  ['api/blocked-recoveries', 'Recoveries that are held back'],
  ['api/audit', 'Audit'],
  ['api/health', 'Health of this node'],
  ['metrics', 'Metrics'],
];

/** `/` and `/web/` lead to the page of the clusters; exactly these, since `/web` is none. */
export function webRedirects(prefix: string): Koa.Middleware {
  return (ctx, next) => {
    const asked = ['GET', 'HEAD'].includes(ctx.method) && [`${prefix}/`, `${prefix}/web/`].includes(ctx.path);
    if (!asked) return next();
    ctx.redirect(`${prefix}/web/clusters`);
    return undefined;
  };
}

/** @param gate who answers, in a group */
export function mountWebPages<S>(router: Router<S>, prefix: string, gate: Koa.Middleware): void {
  const page = pageOf(prefix);
  for (const path of PAGES)
    router.get(`/web/${path}`, gate, (ctx) => {
      ctx.set('Content-Security-Policy', POLICY);
      ctx.set('X-Content-Type-Options', 'nosniff');
      ctx.set('Referrer-Policy', 'no-referrer');
      ctx.type = 'html';
      ctx.body = page;
    });
}

/** @param prefix of the configuration: nothing of a request stands in the page */
function pageOf(prefix: string): string {
  const start = escaped(`${prefix}/`);
  const items = LINKS.map(([path, text]) => `<li><a href="${start}${path}">${text}</a></li>`);
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8"><title>orchestrator</title></head><body>',
    '<h1>orchestrator</h1>',
    '<p>There is no console in this release yet. What it would show is here:</p>',
    `<ul>${items.join('')}</ul>`,
    '</body></html>\n',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}
