import { PLATFORMS } from "../../dagger/src/core/platforms.js"
import { attackSuite } from "../attacks/suite.js"

attackSuite(PLATFORMS, { full: true })
