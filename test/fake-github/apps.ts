import { createPublicKey, type KeyObject } from "node:crypto"

export interface App {
  readonly id: number
  readonly clientId: string
  readonly slug: string
  readonly publicKey: KeyObject
}

export interface Installation {
  readonly id: number
  readonly app: App
  /** The account's login. */
  readonly account: string
  readonly accountType: "Organization" | "User"
  readonly permissions: Readonly<Record<string, "read" | "write">>
  /** Names like `octo/example`; undefined for all of the account. */
  readonly repositories?: readonly string[] | undefined
  suspended: boolean
}

/** What the installation of an App needs to look after runners. */
export const RUNNER_PERMISSIONS = { administration: "write", organization_self_hosted_runners: "write" } as const

/** GitHub Apps and where they are installed. */
export class Apps {
  readonly #apps: App[] = []
  readonly #installations: Installation[] = []

  /** @param key PEM of the App's public or private key */
  add(key: string, { id = 1000 + this.#apps.length, slug = `app-${String(id)}` } = {}): App {
    const app = { id, clientId: `Iv23li${String(id).padStart(14, "0")}`, slug, publicKey: createPublicKey(key) }
    this.#apps.push(app)
    return app
  }

  install(
    app: App,
    account: string,
    options: Partial<Omit<Installation, "id" | "app" | "account">> = {},
  ): Installation {
    const installation: Installation = {
      accountType: "Organization",
      permissions: RUNNER_PERMISSIONS,
      suspended: false,
      ...options,
      id: 5000 + this.#installations.length,
      app,
      account,
    }
    this.#installations.push(installation)
    return installation
  }

  /** @param issuer the App's id or client id */
  find(issuer: string): App | undefined {
    return this.#apps.find((app) => String(app.id) === issuer || app.clientId === issuer)
  }

  installation(id: number): Installation | undefined {
    return this.#installations.find((installation) => installation.id === id)
  }

  installations(app: App): readonly Installation[] {
    return this.#installations.filter((installation) => installation.app === app)
  }
}

/** Whether the installation has access to a repository of its account: `octo/example`. */
export function reaches({ account, repositories }: Installation, repository: string): boolean {
  const name = repository.toLowerCase()
  return (
    name.startsWith(`${account.toLowerCase()}/`) && (repositories?.some((own) => own.toLowerCase() === name) ?? true)
  )
}
