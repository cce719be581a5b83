import type { Client, Secret, Service } from "@dagger.io/dagger"
import type { Repository } from "../../dagger/src/core/text/reference.js"
import type { RegistryAccess } from "../../dagger/src/pipeline/oci/registry.js"
import { registryLogin } from "../engine/bare/instance/known.js"
import type { Credentials, PasswordPlace } from "../input/credentials.js"
import { loopbackService } from "./loopback.js"

/** Registries on the loopback are accessed without TLS. */
const HTTP_PORT = 80

export interface LoopbackRegistry {
  registry: Service
  username?: string
  password?: Secret
}

/**
 * A registry on this host's loopback, which containers reach only through Dagger. For a bare engine's own registry, with its
 * credentials.
 *
 * @param ownCredentials whether the caller has a user name and a password, which are then used instead of the recorded ones
 * @throws RunnerImagesError AUTHENTICATION when the password cannot be read, ENGINE_PORT when another program listens on the port of a bare engine's registry
 */
export function loopbackRegistry(
  dag: Client,
  { host, port = HTTP_PORT }: Repository,
  ownCredentials = false,
): LoopbackRegistry {
  const login = ownCredentials ? undefined : registryLogin(port)
  if (!login) return { registry: loopbackService(dag, { host, port }) }
  // By its address: "localhost" may lead to another address, on which somebody else listens.
  const registry = loopbackService(dag, { host: "127.0.0.1", port })
  return { registry, username: login.username, password: secretIn(dag, { file: login.passwordFile }) }
}

/** How a session reaches the registry of a repository. */
export function registryAccess(
  dag: Client,
  {
    repository,
    credentials,
    caBundle,
    plainHttp,
  }: {
    repository: Repository
    credentials: Credentials | undefined
    caBundle: string | undefined
    plainHttp: boolean
  },
): Omit<RegistryAccess, "engineHost"> {
  return {
    plainHttp,
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(repository.loopback ? loopbackRegistry(dag, repository, credentials !== undefined) : {}),
    ...(credentials && {
      username: credentials.username,
      password: secretIn(dag, credentials.password),
    }),
  }
}

/** Read by the session's process, which is a child of this one on the same machine. */
function secretIn(dag: Client, place: PasswordPlace): Secret {
  return dag.secret("file" in place ? `file://${place.file}` : `env://${place.variable}`)
}
