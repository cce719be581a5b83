import type { Client, Service } from "@dagger.io/dagger"
import type { Repository } from "../../dagger/src/core/reference.js"
import { loopbackService } from "./loopback.js"

/** Registries on the loopback are spoken to without TLS. */
const HTTP_PORT = 80

/** A registry on this host's loopback, which containers reach only through Dagger. */
export function loopbackRegistry(dag: Client, { host, port = HTTP_PORT }: Repository): Service {
  return loopbackService(dag, { host, port })
}
