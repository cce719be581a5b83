import type { Configuration } from "../configuration/configuration.js"

type Target = NonNullable<Configuration["target"]>

/** What a personal token and a GitHub App need. https://docs.github.com/rest/actions/self-hosted-runners */
const NEEDED: Readonly<Record<Target["scope"], { readonly token: string; readonly app: string }>> = {
  repository: {
    token: `the scope "repo" or, fine-grained, read and write access to "Administration" of the repository`,
    app: `the repository permission "Administration: read and write"`,
  },
  organization: {
    token: `the scope "admin:org" or, fine-grained, read and write access to "Self-hosted runners" of the organisation`,
    app: `the organisation permission "Self-hosted runners: read and write"`,
  },
  enterprise: {
    token: `the scope "manage_runners:enterprise"`,
    app: "a personal token (classic) in its place: GitHub Apps cannot register runners of an enterprise",
  },
}

/** The remedy when something was not allowed. */
export function permissionFor(target: Target, authentication: Configuration["authentication"]): string {
  const needed = NEEDED[target.scope]
  return authentication.kind === "app"
    ? `The App needs ${needed.app}.`
    : `The token's owner must be an administrator of it, and the token needs ${needed.token}.`
}
