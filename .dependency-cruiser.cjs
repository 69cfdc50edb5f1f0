// The import table of ARCHITECTURE.md, as a machine reads it. A room may import only what its line names.
const rooms = {
  base: [],
  wire: ['base'],
  evidence: ['base'],
  tuf: ['base'],
  cedar: ['base'],
  policy: ['base', 'cedar', 'evidence/read'],
  contract: ['base'],
  proxy: ['base', 'wire', 'policy', 'evidence', 'contract', 'tuf'],
  store: ['base', 'cedar', 'contract', 'evidence', 'tuf', 'wire/ssh'],
  ui: ['base', 'contract', 'evidence/(read|verify|dsse|approval)'],
  renderer: ['base', 'contract', 'ui'],
  auditor: ['base', 'contract', 'ui', 'evidence/(read|verify[a-z-]*|dsse|source|srz-read|statements|trust|types)'],
  main: ['base', 'wire', 'evidence', 'policy', 'contract', 'proxy', 'tuf', 'ui', 'cli'],
  cli: ['base', 'wire', 'evidence', 'policy', 'contract', 'proxy', 'store', 'tuf', 'ui'],
};
const only = (room, allowed) => ({
  name: `room-${room}`,
  severity: 'error',
  comment: `src/${room} may import: ${allowed.join(', ') || 'no other room'}`,
  from: { path: `^src/${room}/`, pathNot: '\\.test\\.tsx?$' },
  to: { path: '^(src|e2e|bench|scripts)/', pathNot: [room, ...allowed].map((r) => `^src/${r}(/|\\.ts$)`) },
});
module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, allowed]) => only(room, allowed)),
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'verify-never-signs', severity: 'error', comment: 'A verifier that can sign could forge.', from: { path: '^src/evidence/verify' }, to: { path: '^src/evidence/(sign|write)', reachable: true } },
    { name: 'store-never-signs-for-devices', severity: 'error', from: { path: '^src/store/', pathNot: '\\.test\\.ts$' }, to: { path: '^src/evidence/write' } },
    { name: 'pure-rooms', severity: 'error', comment: 'Pure code has no sockets, files or processes.', from: { path: '^src/(base|wire|evidence/verify|contract)', pathNot: '\\.test\\.ts$' }, to: { dependencyTypes: ['core'] } },
    { name: 'renderer-is-web', severity: 'error', from: { path: '^src/(renderer|auditor|ui)/', pathNot: '\\.test\\.tsx?$' }, to: { dependencyTypes: ['core'] } },
    { name: 'auditor-never-node', severity: 'error', comment: 'The same verifier as the command, without what only Node can do.', from: { path: '^src/auditor/' }, to: { path: '^src/evidence/(node-crypto|files|read-files|srz|chunks|lock|spool-budget|sign|recover|write[a-z-]*)\\.ts$', reachable: true } },
    { name: 'electron-only-in-main', severity: 'error', from: { path: '^src/(?!main/)' }, to: { path: '^(node_modules/)?electron($|/)' } },
    { name: 'testing-only-from-tests', severity: 'error', from: { path: '^src/', pathNot: ['\\.test\\.tsx?$', '^src/testing/'] }, to: { path: '^src/testing/' } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.node.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
