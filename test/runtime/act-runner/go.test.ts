import { testGoModule } from "../go-module.js"
import { SOURCES } from "./program.js"

testGoModule(SOURCES, "1.24.0")
