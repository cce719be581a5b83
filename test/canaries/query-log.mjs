// Loaded into the command line by NODE_OPTIONS: writes what Dagger's client sends to its session into a file of a folder, query after query.
import { appendFileSync } from "node:fs"
import http from "node:http"

const file = `${process.env.TEST_QUERY_LOG}/${process.pid}.log`

for (const name of ["write", "end"]) {
  const original = http.ClientRequest.prototype[name]
  http.ClientRequest.prototype[name] = function (chunk, ...rest) {
    if (this.path === "/query" && (typeof chunk === "string" || Buffer.isBuffer(chunk))) {
      appendFileSync(file, chunk)
      appendFileSync(file, "\n")
    }
    return original.call(this, chunk, ...rest)
  }
}
