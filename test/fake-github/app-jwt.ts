import { verify } from "node:crypto"
import type { App, Apps } from "./apps.js"
import { Refusal } from "./refusal.js"

/** Seconds that an App's token may be valid for. */
const LONGEST = 600

const DOCUMENTATION = "https://docs.github.com/rest"

/**
 * The App that signed a JSON web token.
 *
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 *
 * @param now milliseconds since 1970, by the server's clock
 * @throws {Refusal} 401 when it is no proper token, too old or too new, or signed by another key; 404 for an unknown App
 */
export function verifyAppJwt(jwt: string, apps: Apps, now: number): App {
  const [header = "", payload = "", signature = "", ...rest] = jwt.split(".")
  const claims = decode(payload)
  const seconds = Math.floor(now / 1000)
  if (rest.length > 0 || signature === "" || decode(header)?.alg !== "RS256" || !claims) throw undecodable()
  const { iat, exp, iss } = claims
  if (typeof exp !== "number" || exp <= seconds)
    throw unauthorized(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  if (exp > seconds + LONGEST) throw unauthorized("'Expiration time' claim ('exp') is too far in the future")
  if (typeof iat !== "number" || iat > seconds)
    throw unauthorized(
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    )
  const app = typeof iss === "number" || typeof iss === "string" ? apps.find(String(iss)) : undefined
  if (!app) throw new Refusal(404, "Integration not found", DOCUMENTATION)
  const signed = verify(
    "sha256",
    Buffer.from(`${header}.${payload}`),
    app.publicKey,
    Buffer.from(signature, "base64url"),
  )
  if (!signed) throw undecodable()
  return app
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"))
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function undecodable(): Refusal {
  return unauthorized("A JSON web token could not be decoded")
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, message, DOCUMENTATION)
}
