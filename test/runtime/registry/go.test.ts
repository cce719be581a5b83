import { join } from "node:path"
import { PROJECT_ROOT } from "../../../src/host/paths.js"
import { testGoModule } from "../go-module.js"

// Its tests run against the distribution's docker-registry too, if that is installed.
testGoModule(join(PROJECT_ROOT, "dagger/registry"), "1.26.0")
