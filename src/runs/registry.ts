import type { Client, Secret, Service } from "@dagger.io/dagger"
import type { Repository } from "../../dagger/src/core/reference.js"
import { registryLogin } from "../engine/bare/known.js"
import { loopbackService } from "./loopback.js"

/** Registries on the loopback are spoken to without TLS. */
const HTTP_PORT = 80

export interface LoopbackRegistry {
  registry: Service
  username?: string
  password?: Secret
}

/**
 * A registry on this host's loopback, which containers reach only through Dagger. For a bare engine's own one, with what it
 * wants to see.
 *
 * @throws RunnerImagesError ENGINE_PORT when another program listens in the place of a bare engine's registry
 */
export function loopbackRegistry(dag: Client, { host, port = HTTP_PORT }: Repository): LoopbackRegistry {
  const login = registryLogin(port)
  if (!login) return { registry: loopbackService(dag, { host, port }) }
  // By its address: "localhost" may lead to another address, on which somebody else listens.
  const registry = loopbackService(dag, { host: "127.0.0.1", port })
  return { registry, username: login.username, password: dag.setSecret("local-registry-password", login.password) }
}
