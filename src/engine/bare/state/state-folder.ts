import { createHash } from "node:crypto"
import { join } from "node:path"
import { stateFolder } from "../../../host/paths.js"
import { ENGINE_VERSION } from "./version.js"

/** The keys of finished artefacts: the same inputs give the same folder, so that old and new never mix. */
export interface ArtefactKeys {
  binaries: string
  emulator: string
  bases: string
  content: string
}

/** The paths of everything that belongs to the bare engine. Pure: touches nothing. */
export class StateFolder {
  constructor(
    /** Absolute path of the folder `engine` in this project's cache. */
    readonly root: string,
  ) {}

  /** `engine` in the folder for all that runs leave behind. */
  static of(env: NodeJS.ProcessEnv): StateFolder {
    return new StateFolder(join(stateFolder(env), "engine"))
  }

  get lock(): string {
    return join(this.root, "lock")
  }

  /** Packages that this state folder's `up` installed on the host. */
  get installedPackages(): string {
    return join(this.root, "packages.json")
  }

  /** Unfinished work. Nothing in it is ever used again. */
  get work(): string {
    return join(this.root, "work")
  }

  binaries(key: string): string {
    return join(this.root, ENGINE_VERSION, `binaries-${key}`)
  }

  /** What only the engine's image needs. */
  imagePrograms(key: string): string {
    return join(this.root, ENGINE_VERSION, `image-programs-${key}`)
  }

  content(key: string): string {
    return join(this.root, ENGINE_VERSION, `content-${key}`)
  }

  emulator(key: string): string {
    return join(this.root, `emulator-${key}`)
  }

  bases(key: string): string {
    return join(this.root, `bases-${key}`)
  }

  get instances(): string {
    return join(this.root, "instances")
  }

  instance(name: string): InstanceFolder {
    return new InstanceFolder(name, join(this.instances, name), instanceId(this.root, name))
  }
}

export const INTERFACE_PREFIX = "ri-"

/** The folder and the host-wide names of one instance. */
export class InstanceFolder {
  constructor(
    readonly name: string,
    readonly root: string,
    /** Eight hexadecimal digits that no other instance on this machine has, whatever its state folder. */
    readonly id: string,
  ) {}

  get record(): string {
    return join(this.root, "record.json")
  }

  /** A copy of the record beside the socket: somebody may delete the state folder while the instance is up. */
  get recordCopy(): string {
    return join(this.runtime, "record.json")
  }

  /** The engine's own cache. Another engine version would not understand it. */
  get data(): string {
    return join(this.root, `data-${ENGINE_VERSION}`)
  }

  /** What users push. */
  get registryStorage(): string {
    return join(this.root, "registry")
  }

  /** The instance's own images, which no writable registry ever serves. */
  get basesStorage(): string {
    return join(this.root, "bases")
  }

  get registryPassword(): string {
    return join(this.root, "registry-password")
  }

  /** The registry's user and the password's hash, as htpasswd writes them. */
  get registryUsers(): string {
    return join(this.config, "registry-users")
  }

  get config(): string {
    return join(this.root, "config")
  }

  /** Mount point of the namespace's scratch space. Empty as seen from the host. */
  get namespace(): string {
    return join(this.root, "namespace")
  }

  get temporary(): string {
    return join(this.root, "tmp")
  }

  get home(): string {
    return join(this.root, "home")
  }

  get engineLog(): string {
    return join(this.root, "log", "engine.log")
  }

  get registryLog(): string {
    return join(this.root, "log", "registry.log")
  }

  /** On a file system that a reboot clears, and short: a socket's path has at most 108 bytes. */
  get runtime(): string {
    return join("/run/runner-images", this.id)
  }

  get socket(): string {
    return join(this.runtime, "engine.sock")
  }

  /** Interface names have at most 15 bytes. */
  get hostInterface(): string {
    return `${INTERFACE_PREFIX}${this.id}`
  }

  get cgroup(): string {
    return `runner-images-${this.id}`
  }

  /** The comment that identifies the instance's firewall rules. */
  get comment(): string {
    return `runner-images instance ${this.name} ${this.id}`
  }

  binfmtRule(uname: string): string {
    return `runner-images-${this.id}-${uname}`
  }
}

/** @example instanceId("/home/a/.cache/runner-images/engine", "default") ⇒ eight hexadecimal digits */
export function instanceId(stateRoot: string, name: string): string {
  return createHash("sha256").update(`${stateRoot}\0${name}`).digest("hex").slice(0, 8)
}
