import { compactVerify, decodeJwt } from "jose"
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
export async function verifyAppJwt(jwt: string, apps: Apps, now: number): Promise<App> {
  const { iat, exp, iss } = claimsOf(jwt)
  const seconds = Math.floor(now / 1000)
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
  await compactVerify(jwt, app.publicKey, { algorithms: ["RS256"] }).catch(() => {
    throw undecodable()
  })
  return app
}

/** Whatever it claims: some sign with a number as issuer. */
function claimsOf(jwt: string): Record<string, unknown> {
  try {
    return decodeJwt(jwt)
  } catch {
    throw undecodable()
  }
}

function undecodable(): Refusal {
  return unauthorized("A JSON web token could not be decoded")
}

function unauthorized(message: string): Refusal {
  return new Refusal(401, message, DOCUMENTATION)
}
