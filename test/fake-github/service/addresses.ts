type Address = "tenant" | "token" | "broker" | "run" | "results" | "launch" | "blobs" | "actions" | "feed"

/** Where runners find what is not the API, below the address by which they reach the server. */
export function addresses(origin: string): Readonly<Record<Address, string>> {
  const services = `${origin}/_services`
  return {
    tenant: `${services}/tenant/`,
    token: `${services}/oauth2/token`,
    broker: `${services}/broker/`,
    run: `${services}/run/`,
    results: `${services}/results/`,
    launch: `${services}/launch/`,
    blobs: `${services}/blobs/`,
    actions: `${services}/actions/`,
    feed: `${services}/feed/`,
  }
}
