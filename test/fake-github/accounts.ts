export type Scope = "repository" | "organization" | "enterprise"

/** What runners can be for. */
export interface Target {
  readonly scope: Scope
  /** `repos/octo/example`, `orgs/octo` or `enterprises/octo-inc` */
  readonly path: string
  /** Of a repository and an organisation: `octo`. Of an enterprise: its name. */
  readonly owner: string
}

export interface RunnerGroup {
  readonly id: number
  readonly name: string
  readonly default: boolean
}

const FIRST_GROUP = 1

/** What exists on the server. Names are found whatever their case, as on GitHub. */
export class Accounts {
  readonly #targets = new Map<string, Target>()
  readonly #users = new Set<string>()
  readonly #organizationsOf = new Map<string, ReadonlySet<string>>()
  readonly #groups = new Map<string, RunnerGroup[]>()
  #nextGroup = FIRST_GROUP + 1

  /**
   * Adds a repository, and its owner unless that exists.
   *
   * @param name `octo/example`
   */
  addRepository(name: string, owner: "organization" | "user" = "organization"): Target {
    const [login = ""] = name.split("/")
    if (owner === "organization") this.addOrganization(login)
    else this.addUser(login)
    return this.#add("repository", `repos/${name}`, login)
  }

  addOrganization(login: string): Target {
    return this.find(`orgs/${login}`) ?? this.#add("organization", `orgs/${login}`, login)
  }

  addUser(login: string): void {
    this.#users.add(login.toLowerCase())
  }

  /** @param organizations those of the enterprise; without, it has all */
  addEnterprise(name: string, organizations?: readonly string[]): Target {
    if (organizations)
      this.#organizationsOf.set(name.toLowerCase(), new Set(organizations.map((login) => login.toLowerCase())))
    return this.#add("enterprise", `enterprises/${name}`, name)
  }

  #add(scope: Scope, path: string, owner: string): Target {
    const target: Target = { scope, path, owner }
    this.#targets.set(path.toLowerCase(), target)
    this.#groups.set(path.toLowerCase(), [{ id: FIRST_GROUP, name: "Default", default: true }])
    return target
  }

  /** Takes away what was added. */
  remove(path: string): boolean {
    return this.#targets.delete(path.toLowerCase())
  }

  /** @param path `repos/octo/example` */
  find(path: string): Target | undefined {
    return this.#targets.get(path.toLowerCase())
  }

  hasUser(login: string): boolean {
    return this.#users.has(login.toLowerCase())
  }

  /** @param url as config.sh has it: `https://github.com/octo/example` */
  findByUrl(url: string): Target | undefined {
    if (!URL.canParse(url)) return undefined
    const parts = new URL(url).pathname.split("/").filter((part) => part !== "")
    const [first = "", second = ""] = parts
    if (parts.length === 1) return this.find(`orgs/${first}`)
    if (parts.length !== 2) return undefined
    return this.find(first.toLowerCase() === "enterprises" ? `enterprises/${second}` : `repos/${first}/${second}`)
  }

  /** Whether a runner of this target takes jobs of a repository: `octo/example`. */
  serves(target: Target, repository: string): boolean {
    const owner = repository.split("/")[0]?.toLowerCase() ?? ""
    switch (target.scope) {
      case "repository":
        return target.path.toLowerCase() === `repos/${repository}`.toLowerCase()
      case "organization":
        return target.owner.toLowerCase() === owner
      case "enterprise":
        return this.#organizationsOf.get(target.owner.toLowerCase())?.has(owner) ?? true
    }
  }

  /** The first is the default. A repository has no other. */
  groups(target: Target): readonly RunnerGroup[] {
    return this.#groups.get(target.path.toLowerCase()) ?? []
  }

  addGroup(target: Target, name: string): RunnerGroup {
    const group = { id: this.#nextGroup++, name, default: false }
    this.#groups.get(target.path.toLowerCase())?.push(group)
    return group
  }

  /** All of them, for the administrator. */
  list(): readonly Target[] {
    return [...this.#targets.values()]
  }
}
