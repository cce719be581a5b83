import { describe, expect, it } from "vitest"
import { help } from "../../../docker/runtime/src/commands/help.js"

describe("--help", () => {
  it("tells usage, commands, settings and exit codes", () => {
    expect(help()).toMatchInlineSnapshot(`
      "Usage: docker run [-e NAME=VALUE …] IMAGE [COMMAND]

      Commands:
        run                 register a runner and let it take jobs; what happens without a command
        broker              hold the credential for the runners of other containers, which set BROKER_URL in its
                            place
        doctor [--json]     look at configuration, network, credentials and machine, without registering
        health              whether the runner in this container is well; the image's health check
        --version [--json]  versions of the image, its runner and its tools
        --help              this
      Programs of the runner, as ./bin/Runner.Listener run, mean run.

      Settings, by environment variable; a secret also by file, as ACCESS_TOKEN_FILE:
        REPO_URL                        The repository: https://github.com/OWNER/REPOSITORY
        GITHUB_REPOSITORY               The repository as OWNER/REPOSITORY; its name alone where GITHUB_OWNER or
                                        ORG_NAME has the owner
        ORG_NAME                        The organisation
        ENTERPRISE_NAME                 The enterprise
        ACCESS_TOKEN                    Personal access token, from which a fresh token is made for every operation
        APP_ID                          Id of a GitHub App, or its client id
        APP_PRIVATE_KEY                 The App's private key, as PEM; \\n may stand for the ends of lines
        RUNNER_TOKEN                    Registration token, which GitHub takes for an hour. The runner cannot be
                                        removed with it later
        ACTIONS_RUNNER_INPUT_JITCONFIG  Configuration for one run, made by GitHub's API; nothing is registered then
        BROKER_URL                      The broker that registers this runner, in place of a credential:
                                        unix:///run/runner-broker/broker.sock, or tls://NAME:PORT
        RUNNER_NAME                     The runner's name, at most 64 characters (default: RUNNER_NAME_PREFIX and a
                                        suffix)
        RUNNER_LABELS                   Labels, with commas between them, beside self-hosted, linux, the machine's
                                        architecture and the variant (default: the variant's own)
        RUNNER_GROUP                    The runner group, of an organisation or enterprise (default: Default)
        RUNNER_WORKDIR                  Where jobs work (default: RUNNER_WORKDIR_ROOT/NAME; with GrammaTonic's
                                        variables alone /home/runner/_work)
        RUNNER_EPHEMERAL                Take one job and leave (default: false)
        RUNNER_GRACEFUL_STOP_TIMEOUT    Seconds that a job may go on after the container was told to stop (default:
                                        15)
        GITHUB_HOST                     The server: a name, or http://NAME for a server without TLS (default: that
                                        of the repository's URL, else github.com)
        HTTPS_PROXY                     Proxy for https; jobs get it in both spellings, as the other two
        EXTRA_CA_CERTS                  Certificate authorities to trust besides the image's: a PEM file, or a
                                        folder of them. More than one with : between
        METRICS_PORT                    The port for /metrics, /health and /ready (default: 9091)

      Exit codes:
        0                    the runner left, or its one job is done
        1   UNCLASSIFIED     something else, which the message says
        2   REGISTRATION     the runner could not be registered
        3   TOKEN_INVALID    a token, or the App, is not accepted, or may not do what is asked of it
        4   NOT_FOUND        the repository, organisation, enterprise or installation does not exist, or the token
                             may not see it
        5   NETWORK          the server was not reached, or was not well, for longer than is waited
        7   VERSION_REFUSED  GitHub refuses this version of the runner; take a newer image
        10  CONFIGURATION    variables, files or arguments are wrong; all issues are listed

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
