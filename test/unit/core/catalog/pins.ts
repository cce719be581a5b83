import { readFileSync } from "node:fs"
import { PINS } from "../../../../dagger/src/core/catalog/catalog.js"

/** Pins that stay as they are when the project's are updated. */
export const PINS_TEXT = readFileSync(new URL("./pins.yaml", import.meta.url), "utf8")

/** The project's own. */
export const PROJECT_PINS_TEXT = readFileSync(PINS, "utf8")
