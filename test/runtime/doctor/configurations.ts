import type { Configuration } from "../../../docker/runtime/src/configuration/configuration.js"

/** A configuration of a repository's runner on github.com, without credentials, but for what is given. */
export function configurationWith(given: Partial<Configuration> = {}): Configuration {
  return {
    target: { scope: "repository", url: "https://github.com/octo/example", path: "repos/octo/example", owner: "octo" },
    api: "https://api.github.com",
    server: "https://github.com",
    authentication: { kind: "none" },
    name: "runner-1",
    labels: [],
    noDefaultLabels: false,
    workFolder: "/home/runner/_work",
    ephemeral: false,
    replace: true,
    disableUpdate: false,
    deregister: true,
    skipRegistration: false,
    gracefulStopSeconds: 15,
    waitForDockerSeconds: 0,
    startDocker: false,
    startupDelaySeconds: 0,
    unsetConfigVars: true,
    clean: "off",
    debug: false,
    variant: "standard",
    metrics: { enabled: false, port: 9091, file: "", updateSeconds: 30, jobsLog: "" },
    hooks: {},
    caCertificates: [],
    forgetCredential: false,
    ...given,
  }
}
