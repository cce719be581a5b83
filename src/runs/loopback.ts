import type { Client, Service } from "@dagger.io/dagger"

/**
 * A server on this host's loopback interface, which containers reach only through Dagger.
 *
 * @param host a name or address; an IPv6 address with its brackets
 */
export function loopbackService(dag: Client, { host, port }: { host: string; port: number }): Service {
  return dag.host().service([{ backend: port, frontend: port }], { host: host.replace(/^\[(.*)\]$/, "$1") })
}
