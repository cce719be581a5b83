import { platformOfNodeArch } from "../../dagger/src/core/platforms.js"
import { attackSuite } from "../attacks/suite.js"

/** What this host runs without emulation. */
const NATIVE = platformOfNodeArch(process.arch) ?? "linux/amd64"

attackSuite([NATIVE], { full: false })
