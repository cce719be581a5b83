import { failureOf } from "../github/scripted-server.js"
import { prepareRunnerFolder } from "../../../docker/runtime/src/runner/folder.js"

/** Prepares a folder as whoever runs this program, and tells what came of it. */
const [home = "", ...temporary] = process.argv.slice(2)
const prepared = Promise.resolve().then(() => prepareRunnerFolder({ home, temporary, uid: process.getuid?.() ?? -1 }))
const failure = await failureOf(prepared)
console.log(failure === "nothing was thrown" ? JSON.stringify(await prepared) : failure)
