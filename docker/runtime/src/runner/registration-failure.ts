import type { ConfigureSettings } from "./configure-settings.js"
import { type FailureCode, RuntimeFailure } from "../failure.js"
import type { ConfigResult } from "./config-program.js"

interface Case {
  readonly pattern: RegExp
  readonly code: FailureCode
  readonly problem: (facts: Facts) => string
  readonly remedy: string
}

interface Facts {
  readonly settings: ConfigureSettings
  /** The line that matched. */
  readonly line: string
}

const NEW_TOKEN =
  "A registration token is valid for one repository, organisation or enterprise, and for one hour. Set a new one, or ACCESS_TOKEN, which requests new ones."

/** What config.sh prints when it fails. The first match counts, so the specific ones come first. */
const CASES: readonly Case[] = [
  {
    pattern:
      /Runner version \S+ is deprecated|version.*(?:is not supported|too old|below the minimum|no longer supported)/i,
    code: "VERSION_REFUSED",
    problem: ({ line }) => `GitHub refuses this version of the runner: ${line}`,
    remedy: "Use a newer image. GitHub supports a release of the runner for 30 days after the next one.",
  },
  {
    pattern: /already configured/i,
    code: "REGISTRATION",
    problem: () => "the runner is already configured",
    remedy:
      "Start it with a fresh folder, or set CONFIGURED_ACTIONS_RUNNER_FILES_DIR to use the existing configuration.",
  },
  {
    pattern: /A runner exists with the same name/i,
    code: "REGISTRATION",
    problem: ({ settings }) => `a runner named ${settings.name} already exists`,
    remedy: "Set another RUNNER_NAME, or RUNNER_REPLACE_EXISTING=true to replace that runner.",
  },
  {
    pattern: /Could not find any self-hosted runner group/i,
    code: "REGISTRATION",
    problem: ({ settings }) => `there is no runner group ${settings.group ?? "at all"} for this runner`,
    remedy: "Check RUNNER_GROUP. Only organisations and enterprises have runner groups.",
  },
  {
    pattern: /clock may be out of sync/i,
    code: "REGISTRATION",
    problem: () =>
      "this machine's clock is more than five minutes off, so GitHub does not accept the runner's credentials",
    remedy: "Set the clock of the machine that the container runs on.",
  },
  {
    pattern: /does not support configuring a self-hosted runner with '(\w+)' flag/i,
    code: "REGISTRATION",
    problem: ({ line }) => line,
    remedy: "Leave the setting out, or update the server.",
  },
  {
    pattern: /Actions is not properly configured in GHES/i,
    code: "REGISTRATION",
    problem: ({ line }) => line,
    remedy: "Ask the server's administrator to enable GitHub Actions.",
  },
  {
    pattern: /rate limit/i,
    code: "NETWORK",
    problem: ({ line }) => `GitHub limits the rate of requests: ${line}`,
    remedy: "Start again later, with fewer runners at once.",
  },
  {
    pattern:
      /Http response code: (?:Unauthorized|Forbidden)\b|\b(?:401 \(Unauthorized\)|403 \(Forbidden\))|(?:token|credentials).*(?:expired|invalid)|Bad credentials/i,
    code: "TOKEN_INVALID",
    problem: ({ settings }) => `GitHub does not accept the registration token for ${settings.url}`,
    remedy: NEW_TOKEN,
  },
  {
    pattern:
      /Http response code: (?:TooManyRequests|RequestTimeout|BadGateway|ServiceUnavailable|GatewayTimeout)\b|\b(?:408|429|50[234]) \(/i,
    code: "NETWORK",
    problem: ({ settings, line }) => `the server of ${settings.url} is not available: ${line}`,
    remedy: "Start again later.",
  },
  {
    pattern:
      /Connection (?:refused|reset|timed out)|No route to host|Network is unreachable|Name or service not known|Temporary failure in name resolution|Resource temporarily unavailable|SSL connection could not be established|response ended prematurely|HttpClient\.Timeout|operation (?:was canceled|timed out)|error occurred while sending the request/i,
    code: "NETWORK",
    problem: ({ settings, line }) => `the server of ${settings.url} cannot be reached: ${line}`,
    remedy: "Check that the container has network access to it, the proxy variables and EXTRA_CA_CERTS.",
  },
]

/**
 * Why config.sh could not register the runner, from its output.
 *
 * A 404 has two meanings: with a token that was just fetched, the address is wrong; one that the user set has expired or is for another target.
 */
export function registrationFailure(settings: ConfigureSettings, { code, lines }: ConfigResult): RuntimeFailure {
  for (const { pattern, code: failure, problem, remedy } of CASES) {
    const line = lines.find((text) => pattern.test(text))
    if (line === undefined) continue
    return new RuntimeFailure(failure, problem({ settings, line: line.trim() }), remedy)
  }
  if (lines.some((line) => /Http response code: NotFound\b|404 \(Not Found\)/.test(line))) {
    if (settings.givenToken)
      return new RuntimeFailure(
        "TOKEN_INVALID",
        `the registration token is not for ${settings.url}, or it has expired`,
        NEW_TOKEN,
      )
    return new RuntimeFailure(
      "NOT_FOUND",
      `GitHub does not know ${settings.url}`,
      "Check the address, and what the token has access to.",
    )
  }
  const last = lines.findLast((line) => line.trim() !== "")
  return new RuntimeFailure(
    "REGISTRATION",
    `config.sh ended with code ${String(code)}${last === undefined ? "" : `: ${last.trim()}`}`,
    "Its output is above.",
  )
}
