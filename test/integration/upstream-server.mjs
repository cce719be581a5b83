// upstream-server.mjs FOLDER PORT: serves FOLDER's files as /FAULT/RUN/HOST/PATH, each with the fault that is named, and as /requests
// what was asked for; also as a proxy. With key.pem and certificate.pem in FOLDER it speaks TLS. Prints its address.
import { existsSync, readFileSync } from "node:fs"
import http from "node:http"
import https from "node:https"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"

const [folder = "/srv", port = "8080"] = process.argv.slice(2)
/** @type {{ fault: string, method: string, path: string, range?: string }[]} */
const requests = []

/** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
async function answer(request, response) {
  const { method = "GET", headers } = request
  // A proxy is asked for the whole URL.
  const url = (request.url ?? "/").replace(/^http:\/\/[^/]*/, "")
  if (url === "/requests") return response.end(JSON.stringify(requests))
  const [, fault = "", run = "", ...rest] = url.split("/")
  const path = rest.join("/")
  const before = requests.filter(
    (other) => other.fault === fault && other.path === path && other.method === method,
  ).length
  requests.push({ fault, method, path, ...(headers.range === undefined ? {} : { range: headers.range }) })

  const refuse = (/** @type {number} */ status, more = {}) => response.writeHead(status, more).end()
  if (!existsSync(join(folder, path))) return refuse(404)
  const whole = readFileSync(join(folder, path))
  const half = Math.floor(whole.length / 2)
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0)

  /** Sends a file from where it is asked for, up to `end`, and with `then` at the end of it. */
  const send = (body = whole, { end = body.length, ranges = true, then = () => response.end() } = {}) => {
    const from = ranges ? start : 0
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": body.length - from,
      ...(from > 0 ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    })
    response.flushHeaders()
    response.write(body.subarray(from, Math.max(from, end)), then)
  }
  // Not at once, so that what was written is not dropped with the connection.
  const breakOff = () => void setTimeout(300).then(() => response.destroy())
  const fallSilent = () => undefined
  const other = Buffer.from(whole).map((byte) => byte ^ 1)

  switch (fault) {
    case "right":
    case "arrived":
      return send()
    case "wrong":
      return send(other)
    case "short":
      return send(whole.subarray(0, half))
    case "missing":
      return refuse(404)
    case "forbidden":
      return refuse(403)
    case "busy":
      return before < 2 ? refuse(503) : send()
    case "overloaded":
      return refuse(503)
    case "page":
      return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>Log in first.</p>")
    case "hangs-up":
      return request.socket.destroy()
    case "moved":
      return refuse(302, { location: `/arrived/${run}/${path}` })
    case "loop":
      return refuse(302, { location: url })
    case "without-tls":
      return refuse(302, { location: `http://mirror.test/right/${run}/${path}` })
    case "breaks-once":
      return before === 0 ? send(whole, { end: half, then: breakOff }) : send()
    case "breaks-once-without-ranges":
      return before === 0 ? send(whole, { end: half, then: breakOff }) : send(whole, { ranges: false })
    case "breaks-always":
      return send(whole, { end: half, then: breakOff })
    case "replaced-meanwhile":
      return before === 0 ? send(other, { end: half, then: breakOff }) : send()
    case "silent":
      return undefined
    case "silent-once":
      return before === 0 ? send(whole, { end: half, then: fallSilent }) : send()
    case "steady": {
      response.writeHead(200, { "content-length": whole.length })
      const piece = Math.ceil(whole.length / 20)
      for (let at = 0; at < whole.length; at += piece) {
        response.write(whole.subarray(at, at + piece))
        await setTimeout(1000)
      }
      return response.end()
    }
    case "private": {
      const expected = `Basic ${Buffer.from('user:pass"word').toString("base64")}`
      return headers.authorization === expected ? send() : refuse(401)
    }
    default:
      return refuse(400)
  }
}

/** @type {http.RequestListener} */
const listener = (request, response) => void answer(request, response)
const key = join(folder, "key.pem")
const server = existsSync(key)
  ? https.createServer({ key: readFileSync(key), cert: readFileSync(join(folder, "certificate.pem")) }, listener)
  : http.createServer(listener)
server.listen(Number(port), () => console.log(JSON.stringify(server.address())))
