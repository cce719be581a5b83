import type { Example } from "../other-images/read-other-images.js"

/** The compose file that an example's facts make, but for the image's name. */
export function otherImageCompose({
  environment,
  volumes,
  binds,
  ports,
  capabilities,
  command,
  healthcheck,
}: Example): {
  services: { runner: Record<string, unknown> }
  volumes: Record<string, unknown>
} {
  const named = volumes.map((path, index) => [`volume${String(index)}`, path] as const)
  return {
    services: {
      runner: {
        environment: Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, literal(value)])),
        volumes: [...named.map(([name, path]) => `${name}:${path}`), ...binds.map((path) => `${path}:${path}`)],
        ports,
        ...(capabilities && { cap_drop: capabilities.drop, cap_add: capabilities.add }),
        ...(command.length > 0 && { command: command.map(literal) }),
        ...(healthcheck && { healthcheck: { test: ["CMD", ...healthcheck] } }),
      },
    },
    volumes: Object.fromEntries(named.map(([name]) => [name, {}])),
  }
}

/** Compose replaces what a dollar sign begins. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$")
}
