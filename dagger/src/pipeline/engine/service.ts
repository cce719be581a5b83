import type { Service } from "@dagger.io/dagger"

/**
 * Starts a service that a user passed and finds its port: the wanted one, or its only one.
 *
 * @returns all of its ports if it is unclear which one is meant
 * @throws Dagger's error when the service does not start
 */
export async function servicePort(service: Service, wanted: number | undefined): Promise<number | number[]> {
  await service.start()
  const ports = await Promise.all((await service.ports()).map((port) => port.port()))
  if (wanted !== undefined && ports.includes(wanted)) return wanted
  const [only, ...others] = ports
  return only !== undefined && others.length === 0 ? only : ports
}
