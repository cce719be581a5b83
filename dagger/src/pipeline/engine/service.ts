import type { Service } from "@dagger.io/dagger"

/**
 * Starts a service that users hand over and finds its port: the one that is wanted, or its only one.
 *
 * @returns the ports that it has when none of them can be told to be meant
 * @throws what Dagger throws when the service does not come up
 */
export async function servicePort(service: Service, wanted: number | undefined): Promise<number | number[]> {
  await service.start()
  const ports = await Promise.all((await service.ports()).map((port) => port.port()))
  if (wanted !== undefined && ports.includes(wanted)) return wanted
  const [only, ...others] = ports
  return only !== undefined && others.length === 0 ? only : ports
}
