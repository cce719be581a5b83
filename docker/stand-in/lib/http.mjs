import http from "node:http"
import https from "node:https"
import { version } from "./version.mjs"

/**
 * @typedef {object} Response
 * @property {number} status
 * @property {string} text
 * @property {Record<string, unknown>} json the body when it is a JSON object, else empty
 * @property {string} requestId the server's own number for the request
 */

/**
 * @typedef {object} Question
 * @property {string} [method]
 * @property {string} [authorization]
 * @property {unknown} [json] sent as such
 * @property {URLSearchParams} [form] sent as such
 * @property {AbortSignal} [signal]
 * @property {number} [seconds] for an answer
 */

/** A connection each, so that none that a server closed meanwhile is used again. Proxies from the environment where Node.js knows them. */
const AGENT = { keepAlive: false, proxyEnv: process.env }

/**
 * Asks a server once.
 *
 * @param {string | URL} url
 * @param {Question} [question]
 * @returns {Promise<Response>}
 * @throws {Error} when there is no answer, with Node.js's code
 */
export function ask(url, { method = "GET", authorization, json, form, signal, seconds = 100 } = {}) {
  const address = new URL(url)
  const secure = address.protocol === "https:"
  const body = json !== undefined ? JSON.stringify(json) : form?.toString()
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json", "user-agent": `stand-in-runner/${version()}` }
  if (authorization !== undefined) headers.authorization = authorization
  if (body !== undefined) {
    headers["content-type"] = form ? "application/x-www-form-urlencoded" : "application/json"
    headers["content-length"] = String(Buffer.byteLength(body))
  } else if (method === "POST") headers["content-length"] = "0"
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(address, {
      method,
      headers,
      agent: secure ? new https.Agent(AGENT) : new http.Agent(AGENT),
      ...(signal && { signal }),
    })
    request.setTimeout(seconds * 1000, () => request.destroy(new Error("The request timed out")))
    request.once("error", (error) => reject(connectionError(error, address)))
    request.once("response", (response) => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on("data", (chunk) => chunks.push(chunk))
      response.once("error", (error) => reject(connectionError(error, address)))
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8")
        const requestId = String(response.headers["x-github-request-id"] ?? "")
        resolve({ status: response.statusCode ?? 0, text, json: asObject(text), requestId })
      })
    })
    request.end(body)
  })
}

/**
 * In the words of the real runner, whose library has others than Node.js.
 *
 * @param {Error} error
 * @param {URL} address
 */
function connectionError(error, { host }) {
  const code = "code" in error ? String(error.code) : ""
  const inner = error instanceof AggregateError ? (error.errors[0]?.code ?? code) : code
  const words =
    WORDS[inner] ??
    (/CERT|SIGNED/.test(inner)
      ? `The SSL connection could not be established, see inner exception. ${error.message}`
      : error.message)
  return Object.assign(new Error(`${words} (${host})`), { code: inner, name: error.name })
}

/** @type {Record<string, string>} */
const WORDS = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "An error occurred while sending the request. The response ended prematurely.",
  EAI_AGAIN: "Resource temporarily unavailable",
  ENOTFOUND: "Name or service not known",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function asObject(text) {
  try {
    const value = JSON.parse(text)
    return typeof value === "object" && value !== null ? value : {}
  } catch {
    return {}
  }
}
