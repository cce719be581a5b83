import { describe, expect, it } from "vitest"
import { help } from "../../../docker/runtime/src/commands/help.js"

describe("--help", () => {
  it("tells usage, commands, settings and exit codes", () => {
    expect(help()).toMatchInlineSnapshot(`
      "Usage: docker run [-e NAME=VALUE …] IMAGE [COMMAND]

      Commands:
        run                 register a runner and let it take jobs; the default
        broker              hold the credential for runners in other containers, which set BROKER_URL instead
        doctor [--json]     check configuration, network, credentials and machine, without registering
        health              report whether the runner in this container is healthy; the image's health check
        --version [--json]  print the versions of the image, its runner and its tools
        --help              print this help
      Programs of the runner, such as ./bin/Runner.Listener run, mean run.

      Settings are environment variables; secrets may also be files, such as ACCESS_TOKEN_FILE:
        REPO_URL                        The repository: https://github.com/OWNER/REPOSITORY
        GITHUB_REPOSITORY               The repository as OWNER/REPOSITORY, or just its name if GITHUB_OWNER or
                                        ORG_NAME names the owner
        ORG_NAME                        The organisation
        ENTERPRISE_NAME                 The enterprise
        ACCESS_TOKEN                    Personal access token, used to request a fresh token for every operation
        APP_ID                          ID or client ID of a GitHub App
        APP_PRIVATE_KEY                 The App's private key in PEM format; \\n may be used for line breaks
        RUNNER_TOKEN                    Registration token, valid for one hour. It cannot be used to deregister the
                                        runner later
        ACTIONS_RUNNER_INPUT_JITCONFIG  Just-in-time configuration for one run, created by GitHub's API; the
                                        container then registers nothing
        BROKER_URL                      The broker that registers this runner, instead of a credential:
                                        unix:///run/runner-broker/broker.sock or tls://NAME:PORT
        RUNNER_NAME                     The runner's name, at most 64 characters (default: RUNNER_NAME_PREFIX and a
                                        suffix)
        RUNNER_LABELS                   Comma-separated labels, in addition to self-hosted, linux, the machine's
                                        architecture and the variant (default: the variant's own labels)
        RUNNER_GROUP                    The runner group of an organisation or enterprise (default: Default)
        RUNNER_WORKDIR                  The work folder of jobs (default: RUNNER_WORKDIR_ROOT/NAME;
                                        /home/runner/_work if only GrammaTonic's variables are used)
        RUNNER_EPHEMERAL                Take one job, then deregister and exit (default: false)
        RUNNER_GRACEFUL_STOP_TIMEOUT    Seconds that a running job may continue after the container is asked to stop
                                        (default: 15)
        GITHUB_HOST                     The GitHub server: a host name, or http://NAME for a server without TLS
                                        (default: the server in the repository's URL, otherwise github.com)
        HTTPS_PROXY                     Proxy for https: http://NAME:PORT, or NAME:PORT. Jobs get all proxy
                                        variables in upper and lower case, with the scheme
        EXTRA_CA_CERTS                  Certificate authorities to trust in addition to the image's: a PEM file or a
                                        folder of PEM files; separate several with :
        METRICS_PORT                    The port for /metrics, /health and /ready (default: 9091)

      Exit codes:
        0                    the runner deregistered, or finished its one job
        1   UNCLASSIFIED     any other error; the message describes it
        2   REGISTRATION     the runner could not be registered
        3   TOKEN_INVALID    GitHub rejects the token or the App, or it lacks a permission
        4   NOT_FOUND        the repository, organisation, enterprise or installation does not exist, or the token
                             has no access to it
        5   NETWORK          the server was unreachable or failing for longer than the container waits
        7   VERSION_REFUSED  GitHub refuses this version of the runner; use a newer image
        10  CONFIGURATION    variables, files or arguments are invalid; all errors are listed

      All settings, volumes, ports and signals: docs/RUNTIME.md
      "
    `)
  })

  it("fits into a terminal's width", () => {
    expect(
      Math.max(
        ...help()
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(110)
  })
})
