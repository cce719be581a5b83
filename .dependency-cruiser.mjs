// Which part of the sources may import which. `npm run dependencies` checks it, `npm run graph` draws the folders.

const CORE = "^dagger/src/core/"
const PIPELINE = "^dagger/src/pipeline/"

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-circular-files",
      comment: "Files that import each other can only be read together, and load in an order that nobody chose.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-circular-folders",
      comment: "A folder is a domain: what two of them need stands in one of them, or below both.",
      severity: "error",
      scope: "folder",
      from: {},
      to: { circular: true },
    },
    {
      name: "core-is-pure",
      comment: "The core computes: it is tested without an engine, a network or a disk.",
      severity: "error",
      from: { path: CORE },
      to: { path: ["^node_modules/@dagger\\.io/", PIPELINE, "^src/", "^docker/"] },
    },
    {
      name: "core-has-no-input-or-output",
      comment: "Of Node.js the core has checksums alone. The catalog reads its own data, which lies beside it.",
      severity: "error",
      from: { path: CORE, pathNot: "^dagger/src/core/catalog/catalog\\.ts$" },
      to: { dependencyTypes: ["core"], pathNot: "^(?:node:)?crypto$" },
    },
    {
      name: "pipeline-knows-no-command-line",
      comment: "The module and the command line are two entry points to the same pipeline.",
      severity: "error",
      from: { path: "^dagger/src/" },
      to: { path: ["^src/", "^docker/runtime/"] },
    },
    {
      name: "commands-run-input",
      comment: "commands → runs → input, and no way back.",
      severity: "error",
      from: { path: "^src/(?:runs|input)/" },
      to: { path: "^src/commands/" },
    },
    {
      name: "input-knows-no-runs",
      severity: "error",
      from: { path: "^src/input/" },
      to: { path: "^src/runs/" },
    },
    {
      name: "runtime-stands-alone",
      comment: "The program of the images is bundled from its own folder.",
      severity: "error",
      from: { path: "^docker/runtime/src/" },
      to: { path: ["^src/", "^dagger/"] },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "node", "default"] },
    reporterOptions: { dot: { collapsePattern: "^(?:src|dagger/src|docker/runtime/src)/[^/]+" } },
  },
}
