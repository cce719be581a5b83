import { LONGEST_RUNNER_NAME, RUNNER_NAME } from "../../configuration/runner-name.js"
import type { FailureMessage } from "../../failure-message.js"
import type { RequestedRunner, Grant, Removal } from "../../github/registered-runner.js"

/**
 * A request to a broker, one line of JSON. There are two forms:
 *
 * - `register`: makes the runner's registration possible. `configured` says that the runner is registered, and ends the granting: the broker
 *   records which runner it is, and grants nothing more.
 * - `remove`: takes that runner, and no other, off GitHub's list.
 */
export type BrokerRequest = RegisterRequest | RemoveRequest

export interface RegisterRequest {
  readonly request: "register"
  readonly configured: boolean
  /** Where jobs work, absolute: a just-in-time configuration contains it. */
  readonly workFolder: string
  /** Which runner, if the broker is in another container. */
  readonly runner?: RequestedRunner
  /** The lease of an earlier connection that this one continues. */
  readonly lease?: string
}

export interface RemoveRequest {
  readonly request: "remove"
}

/** A request with its number, which the answer repeats. A further request withdraws the previous one. */
export type NumberedRequest = BrokerRequest & { readonly id: number }

/** A grant over a connection from another container. */
export type LeasedGrant = Grant & {
  /** Continues this registration over another connection. A secret. */
  readonly lease?: string
}

export type BrokerAnswer = LeasedGrant | { readonly removal: Removal } | { readonly failure: FailureMessage }

/** Bytes of a line. A request has a few hundred; an answer has a runner's key in it. */
export const LONGEST_REQUEST = 16 * 1024
export const LONGEST_ANSWER = 256 * 1024

const LONGEST_LABEL = 256
const MOST_LABELS = 100
const LONGEST_PATH = 4096

/** @returns undefined for anything that does not match one of the two forms exactly */
export function parseRequest(line: string): NumberedRequest | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  const { id, request, configured, workFolder, runner, lease, ...others } = value
  if (Object.keys(others).length > 0) return undefined
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) return undefined
  if (request === "remove") return Object.keys(value).length === 2 ? { id, request } : undefined
  if (request !== "register" || typeof configured !== "boolean") return undefined
  if (!isText(workFolder, LONGEST_PATH) || !workFolder.startsWith("/")) return undefined
  if (lease !== undefined && !(typeof lease === "string" && /^[0-9a-f]{64}$/.test(lease))) return undefined
  const requested = runner === undefined ? undefined : parseRunner(runner)
  if (runner !== undefined && !requested) return undefined
  return {
    id,
    request,
    configured,
    workFolder,
    ...(requested && { runner: requested }),
    ...(lease !== undefined && { lease }),
  }
}

function parseRunner(value: unknown): RequestedRunner | undefined {
  if (!isRecord(value)) return undefined
  const { name, labels, ephemeral, replace, ...others } = value
  if (Object.keys(others).length > 0) return undefined
  if (!isText(name, LONGEST_RUNNER_NAME) || !RUNNER_NAME.test(name)) return undefined
  if (!Array.isArray(labels) || labels.length === 0 || labels.length > MOST_LABELS) return undefined
  if (!labels.every((label): label is string => isText(label, LONGEST_LABEL) && !label.includes(","))) return undefined
  if (typeof ephemeral !== "boolean" || typeof replace !== "boolean") return undefined
  return { name, labels, ephemeral, replace }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** Without control characters, which would go to a log. */
function isText(value: unknown, longest: number): value is string {
  return (
    typeof value === "string" && value !== "" && value.length <= longest && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value)
  )
}
