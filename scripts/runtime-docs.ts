import { exitCodesReference, variablesReference } from "../docker/runtime/src/configuration/reference.js"
import { metricsReference } from "../docker/runtime/src/metrics/reference.js"

/** docs/RUNTIME.md: what it says in words, around tables that are made from the runtime program's own. */
export function runtimeDocument(): string {
  return `# The container at run time

Made by \`npm run docs\` from the runtime program's own tables; a test keeps it so.

\`\`\`sh
docker run -e REPO_URL=https://github.com/OWNER/REPOSITORY -e ACCESS_TOKEN ghcr.io/OWNER/github-runner
docker run ghcr.io/OWNER/github-runner --version   # the runner, the variant, the platform and every tool
docker run … ghcr.io/OWNER/github-runner doctor    # looks at everything that a runner needs, without registering
docker run … ghcr.io/OWNER/github-runner broker    # holds the credential for runners of other containers
\`\`\`

A container registers a runner, runs it, and takes it off GitHub's list when it ends. It starts as the user \`runner\` (1001:1001), without root and
without sudo, under tini. Another program as argument runs in place of the runner: \`docker run -it IMAGE bash\`. [ARCHITECTURE.md](ARCHITECTURE.md#the-container-at-run-time)
has how it is made; [MIGRATING.md](MIGRATING.md) what differs from other images, whose variables are understood here.

## Variables

A variable with several names is looked for in the order given; an empty value is none. Each secret may be a file: \`NAME_FILE\` has its path. What is wrong is
told all at once, before anything starts, and a name that nothing reads and that looks like one of these is a warning.
\`ENV_FILE\` is the only configuration file: lines of \`NAME=VALUE\`, as Docker and compose have them, so that one file serves all three. A format with
a structure would add nothing, since every setting is a word, a number or a list with commas.

- **The target.** \`REPO_URL\` may also be the URL of an organisation, or of an enterprise: \`https://github.com/enterprises/NAME\`.
- **Tokens.** Of a personal access token and a registration token, the first is used. An App beside a token is a issue, and so is either beside a
  just-in-time configuration. Beside \`GITHUB_OWNER\`, \`GITHUB_TOKEN\` is a registration token unless it looks like another one.
- **The work folder.** A relative path is below \`/home/runner\`. Where \`RUNNER_WORKDIR\` has the value of GrammaTonic's compose files, \`RUNNER_WORK_DIR\` counts.
- **\`METRICS_PORT\`** that is an address, as Kubernetes sets it for a service called \`metrics\`, is left alone with a warning.

${variablesReference()}
### Labels

\`self-hosted\`, \`linux\`, the architecture's label and the variant's name are always there, unless \`NO_DEFAULT_LABELS\` is set. To them come the labels of
\`RUNNER_LABELS\`; without it what the variant can do (\`docker\`; with Chrome \`chrome\`, \`ui-tests\`, \`playwright\`, \`cypress\`; with Go \`go\`), and \`default\`, unless only GrammaTonic's
variables are used. A label of another architecture is left out with a warning: a runner never claims to be what it is not.

### As whom it runs

The program is two: the **broker** reads the container's variables and holds the credential; the **supervisor** asks it to register the runner and to remove it.
The supervisor, the runner and its jobs never have the credential.

| The container starts as | The broker is | The supervisor, the runner and jobs are |
| --- | --- | --- |
| root, which is the safer start | \`runner-agent\` (1002), without capabilities | \`runner\` (1001), without capabilities |
| root, with \`RUN_AS_ROOT=true\`, as \`-root\` tags have it | \`runner-agent\` | **root**, which reaches everything, the credential too |
| \`runner\` (1001), as the image does | \`runner\`, closed to all others of that user | \`runner\` |
| another user | that user, closed | that user |

A container that starts as root gives that away for good, unless \`RUN_AS_ROOT=true\`; for that it needs the capabilities \`CHOWN\`, \`KILL\`, \`SETGID\` and \`SETUID\`, and
\`DAC_OVERRIDE\` to read a secret's file that is another user's. Where it may not, \`RUN_AS_ROOT=false\` ends with 10; with nothing said, the runner stays root, and a
warning says that jobs reach every secret.

\`FORGET_CREDENTIAL=true\` ends the broker as soon as the runner is registered: nothing is left that could be taken. The price is that the runner cannot be removed: it
stays on GitHub's list as offline until GitHub removes it, after a day if it was for one job, else after two weeks.

### Secrets in files

A file that the container's user may read, its jobs may read as well. Variables are safe from them: nothing that jobs can look at has them. For a file, start the
container as root, and let root alone read the file; or give it to a broker's container, as the compose files here do. [DEPLOYMENT.md](DEPLOYMENT.md#who-can-read-the-token)
has who can read what.

### What jobs see

Everything that was given to the container, without these variables and without secrets. No process in the container starts with a secret in its
environment, the init process included, and none is in its arguments. Where another variable repeats a secret, or a name looks like a secret's misspelt one,
jobs do not see that either, and a warning says so. \`UNSET_CONFIG_VARS=false\` shows jobs the variables, still without secrets.

## A broker of its own

\`docker run … IMAGE broker\` registers no runner of its own. It does that for runners of other containers, which set \`BROKER_URL\` and have no credential; one
that has both ends with 10.

- **What the broker decides**, by its own variables: the target, the group, and the labels that runners may have: those of its \`RUNNER_LABELS\`, and those that runners of these images
  have without any. With \`RUNNER_EPHEMERAL=true\` it registers runners for one job and no others. It takes \`ACCESS_TOKEN\` or an App.
- **What a runner's container decides**: name, labels, work folder, \`RUNNER_EPHEMERAL\`, \`RUNNER_REPLACE_EXISTING\`. A runner never takes the place of one whose container is connected.
- **One connection is one runner.** Over it, that runner can be registered and removed, and no other. It stays open for as long as the container lives; when the
  broker is started again, runners go on and reconnect.
- **A container that is gone**: \`BROKER_GRACE_SECONDS\` later the broker removes its runner by the id, once GitHub lists it as offline. It knows its runners by
  \`/var/lib/runner-broker/leases.json\`, which has no secret in it. A volume there keeps that; it has to belong to \`runner-agent\`, as a new named volume does.
- **\`unix://\`**, for containers of one machine that share a volume at \`/run/runner-broker\`. The socket is \`runner-agent\`'s, with mode 0600, and the kernel looks at that when
  somebody connects: a runner's container has to start as root, so that its own part of the broker is that user. No job is.
- **\`tls://\`**, for all others: both sides show a certificate of the authority in \`BROKER_CA_FILE\`. Whoever has a certificate can have a runner registered: in a container that starts as
  user 1001, jobs must not be able to read the key's file, so give it as the variable \`BROKER_KEY\`.

The image's health check is for brokers too: healthy once it listens. There are no metrics.

## Exit codes

${exitCodesReference()}
## Signals

SIGTERM, SIGINT and SIGQUIT: the runner takes no further job; a running one may go on for \`RUNNER_GRACEFUL_STOP_TIMEOUT\` seconds; then the runner ends, and is
removed with a fresh token. A second signal does not wait for the job, a third ends at once. Give \`docker stop\` more time than that: \`--stop-timeout\`, or \`stop_grace_period\`
with compose.

## Starting again

A runner that was killed with its container (SIGKILL, a machine that fails) takes its own place on GitHub's list when the same container starts again: a name with a random
suffix stays with the container, and \`RUNNER_REPLACE_EXISTING\` is the default. A container that is recreated has another suffix, and the old entry stays until a broker of
its own or GitHub removes it.

**Changed programs.** Jobs are the user to whom the runner's folder belongs, and can change what is in it. Before a registration token goes to \`config.sh\`, the runner's programs are compared
with checksums that are root's; when one differs, the container ends with 2 and registers nothing. A runner that updated itself differs too: as long as it has its registration it goes on with
that, and needs no token. \`docker compose up --force-recreate\` recreates the container; with a read-only root, whose copy of the runner is made at each start, or with
\`DISABLE_AUTO_UPDATE=true\` and jobs that leave it alone, it does not come to that. Runners for one job get a just-in-time configuration, and no token.

## Health and metrics

The image's health check runs \`health\`: unhealthy when the listener's process is gone, when it is not registered, or when the start takes too long; also when
this program or the listener is stopped (SIGSTOP), since neither does anything then. What a job puts in the place of the state that the check reads, a link, a pipe or a huge
file, is not read: the check is unhealthy until the program writes its state again.
\`/health\` and \`/ready\` on the metrics' port say the same to programs elsewhere: \`/ready\` only once the runner listens or works.

${metricsReference()}
A port that is taken, or a file that cannot be written, is a warning and does not stop the runner. \`JOBS_LOG\` has to be a regular file
and no link; its last 4 MiB are read at the start. A \`METRICS_FILE\` that is a link is replaced, not written through.

At most 100 connections are open on the metrics' port. One more closes the one that has waited longest, so that many slow ones do not keep a probe from its answer; a
request that is not complete after 5 seconds is given up.

## Folders

| Path | What |
| --- | --- |
| \`/home/runner\` | the runner, and its user's home; \`/actions-runner\` leads there |
| \`/home/runner/_work\`, \`/home/runner/workspace\`, \`/_work\` | for work folders, all belonging to \`runner\`, for volumes to be mounted at |
| \`/opt/hostedtoolcache\` | the tool cache |
| \`/runner/data\` | for \`CONFIGURED_ACTIONS_RUNNER_FILES_DIR\` |
| \`/run/runner-broker\`, \`/var/lib/runner-broker\` | of \`runner-agent\` alone: a broker's socket, and which runners it registered |
| \`/etc/runner/hooks/started.d\`, \`completed.d\` | programs to run before and after each job, in the order of their names |
| \`/usr/local/lib/runner-images\` | the runtime program |

With a read-only root file system, or another user than 1001, the runner is copied to a temporary folder; \`/tmp\` must then be writable and may not be
mounted \`noexec\` (\`--tmpfs /tmp:exec\`). Containers that run at the same time each need a \`/tmp\` of their own then, since they would share the copy.

## What has not been tried

The tests run these images against a stand-in for GitHub's service and with a stand-in runner. Neither GitHub itself nor the real Actions runner was
at hand: how the real one words its failures comes from its source.
`
}
