#!/bin/sh
# What `npm test` runs: brings Node.js' dependencies up to the lock file, then hands over to the gate. Works in a fresh clone.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/dependencies.sh"
ensure_node
ensure_dependencies "$root" dev
TSX_TSCONFIG_PATH=$root/tsconfig.json
export TSX_TSCONFIG_PATH
exec node --import "$root/node_modules/tsx/dist/esm/index.mjs" "$root/test/run.ts" "$@"
