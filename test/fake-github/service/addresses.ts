/** Where runners find what is not the API, below the address by which they reach the server. */
export function addresses(origin: string): Readonly<Record<"tenant" | "token" | "broker" | "jobs", string>> {
  const services = `${origin}/_services`
  return {
    tenant: `${services}/tenant/`,
    token: `${services}/oauth2/token`,
    broker: `${services}/broker/`,
    jobs: `${services}/jobs/`,
  }
}
