import * as http from "node:http"
import type { Environment } from "../environment.js"

const VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]

/** Of Node.js 24.14. */
interface ProxySettings {
  setGlobalProxyFromEnv(environment: Environment): unknown
}

/**
 * Makes this process use the proxy that the environment names. Node.js would read it from its own environment, but the address may contain a
 * password, and everyone can read a process's environment.
 */
export function useProxy(environment: Environment): void {
  const given = Object.entries(environment).filter(
    ([name, value]) => VARIABLES.includes(name.toUpperCase()) && value !== "",
  )
  if (given.length === 0) return
  ;(http as unknown as Partial<ProxySettings>).setGlobalProxyFromEnv?.(Object.fromEntries(given))
}
