// Directions between rooms: cmd, cli, app, http, services, adapters, core, base. Only the type of a port may be imported upwards.

const SERVICES = '^internal/(discovery|operations|recovery|raft)/';
const ADAPTERS = '^internal/(mysql|backend|kv|hooks|metrics)/';
const CORE = '^internal/(topology|analysis|command|recovery/plan|raft/core)(/|\\.ts$)';
const DOORS = '^(cmd|internal/(cli|client|app|http|web))/';
const value = { dependencyTypesNot: ['type-only'] };
const rule = (name, from, to) => ({ name, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule('no-cycles', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    rule('core-only-core-and-base', { path: CORE }, { path: '^internal/', pathNot: [CORE, '^internal/runtime/'], ...value }),
    rule('core-without-io', { path: CORE }, { dependencyTypes: ['core', 'npm'], pathNot: ['^(node:)?assert(/strict)?$'] }),
    rule('base-stays-below', { path: '^internal/(runtime|config)/' }, { path: '^internal/', pathNot: '^internal/(runtime|config)/', ...value }),
    rule('adapters-not-upwards', { path: ADAPTERS }, { path: [SERVICES, DOORS], pathNot: CORE, ...value }),
    rule('adapters-not-sideways', { path: '^internal/(mysql|backend|kv|hooks|metrics)/' }, { path: ADAPTERS, pathNot: '^internal/$1/', ...value }),
    rule('services-not-upwards', { path: SERVICES }, { path: [ADAPTERS, DOORS], ...value }),
    rule('services-not-sideways', { path: '^internal/(discovery|operations|recovery|raft)/' }, { path: SERVICES, pathNot: ['^internal/$1/', CORE], ...value }),
    rule('client-light', { path: '^(internal/client|cmd/orchestrator-client)' }, { path: '^(internal|node_modules)/', pathNot: '^internal/(client|runtime|topology/instance-key\\.ts)', ...value }),
    rule('zod-in-v2-alone', { path: '^(cmd|internal)/', pathNot: '^internal/http/v2/' }, { path: 'node_modules/zod' }),
    rule('v2-is-loaded-late', { path: '^(cmd|internal)/', pathNot: '^internal/http/v2/' }, { path: '^internal/http/v2/', pathNot: '^internal/http/v2/(paths|problem|problem-codes|events/(ring|happenings))\\.ts$', dynamic: false, ...value }),
    rule('http-not-upwards', { path: '^internal/http/' }, { path: '^(cmd|internal/(cli|app))/', ...value }),
  ],
  options: { tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' }, doNotFollow: { path: 'node_modules' } },
};
