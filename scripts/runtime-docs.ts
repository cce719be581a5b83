import { exitCodesReference, variablesReference } from "../docker/runtime/src/configuration/reference.js"
import { metricsReference } from "../docker/runtime/src/metrics/reference.js"

/** docs/RUNTIME.md: prose around tables that are generated from the runtime program's own data. */
export function runtimeDocument(): string {
  return `# The container at run time

\`npm run docs\` generates this page from the runtime program's own tables; a test fails if they differ.

\`\`\`sh
docker run -e REPO_URL=https://github.com/OWNER/REPOSITORY -e ACCESS_TOKEN ghcr.io/OWNER/github-runner
docker run ghcr.io/OWNER/github-runner --version   # the runner, the variant, the platform and every tool
docker run … ghcr.io/OWNER/github-runner doctor    # checks everything that a runner needs, without registering
docker run … ghcr.io/OWNER/github-runner broker    # holds the credential for runners in other containers
\`\`\`

A container registers a runner, runs it, and removes it from GitHub's list when it stops. It starts as the user \`runner\` (1001:1001), without root and
without sudo, under tini. If you pass another program as the argument, that program runs instead of the runner: \`docker run -it IMAGE bash\`.
[ARCHITECTURE.md](ARCHITECTURE.md#the-container-at-run-time) explains how this works; [MIGRATING.md](MIGRATING.md) lists what differs from other images, whose variables
these images understand.

## Variables

- **Names.** If a variable has several names, they are tried in the order given. An empty value counts as unset.
- **Secrets** may also be passed as files: \`NAME_FILE\` is the path of a file that contains the value of \`NAME\`.
- **Errors.** All configuration errors are reported together before startup. An unknown variable whose name resembles one of these causes a warning.
- **\`ENV_FILE\`** is the only configuration file. It contains lines of \`NAME=VALUE\`, the format of Docker and compose, so that one file works for all three. A structured
  format would add nothing, since every setting is a word, a number or a comma-separated list.
- **The target.** \`REPO_URL\` may also be the URL of an organisation, or of an enterprise: \`https://github.com/enterprises/NAME\`. The address of
  any page of it is understood, such as \`https://github.com/orgs/ORGANISATION/people\`.
- **Tokens.** If both a personal access token and a registration token are set, the personal access token is used. A GitHub App together with a token is an error, and so is either together with a
  just-in-time configuration. If \`GITHUB_OWNER\` is set, \`GITHUB_TOKEN\` is read as a registration token unless it looks like a different kind of token.
- **The work folder.** A relative path is relative to \`/home/runner\`. If \`RUNNER_WORKDIR\` has the value from GrammaTonic's compose files, \`RUNNER_WORK_DIR\` takes precedence.
- **\`METRICS_PORT\`** is ignored with a warning if it is an address, which Kubernetes sets for a service named \`metrics\`.

${variablesReference()}
### Labels

\`self-hosted\`, \`linux\`, the architecture's label and the variant's name are always set, unless \`NO_DEFAULT_LABELS\` is set. The labels in
\`RUNNER_LABELS\` are added to them. Without \`RUNNER_LABELS\`, the runner adds labels for what the variant offers (\`docker\`; with Chrome \`chrome\`, \`ui-tests\`, \`playwright\`, \`cypress\`; with Go
\`go\`), and \`default\`, unless only GrammaTonic's variables are used. A label for a foreign architecture is dropped with a warning: a runner never claims to be
what it is not.

### Users and privileges

The runtime program consists of two processes. The **broker** reads the container's variables and holds the credential. The **supervisor** asks the broker to register the runner and to remove it.
The supervisor, the runner and its jobs never have the credential.

| The container starts as | The broker runs as | The supervisor, the runner and jobs run as |
| --- | --- | --- |
| root, the safer choice | \`runner-agent\` (1002), without capabilities | \`runner\` (1001), without capabilities |
| root with \`RUN_AS_ROOT=true\`, as in images with a \`-root\` tag | \`runner-agent\` | **root**, which can reach everything, including the credential |
| \`runner\` (1001), the image's default | \`runner\`, closed to all other processes of that user | \`runner\` |
| another user | that user, closed to its other processes | that user |

A container that starts as root drops its privileges permanently, unless \`RUN_AS_ROOT=true\`. To do so it needs the capabilities \`CHOWN\`, \`KILL\`, \`SETGID\` and \`SETUID\`, and
\`DAC_OVERRIDE\` to read a secret file that belongs to another user. If a capability is missing, the container exits with 10 if \`RUN_AS_ROOT=false\` is set; if \`RUN_AS_ROOT\` is unset, the runner
stays root, and a warning says that jobs can reach every secret.

If the image has \`openssh-server\` or \`ssl-cert\`, a container that starts as root first makes its own SSH host keys and snakeoil certificate:
[images contain neither](VARIANTS.md#definition-file-reference).

\`FORGET_CREDENTIAL=true\` stops the broker as soon as the runner is registered, which leaves nothing to steal. In return, the runner cannot deregister: GitHub lists it
as offline until it removes it, after one day if it was ephemeral, otherwise after two weeks.

### Secrets in files

Jobs can read every file that the container's user can read. Variables are safe from them: nothing that jobs can inspect contains them. To use a file, start the
container as root and let only root read the file, or give the file to a broker container, as this project's compose files do. [DEPLOYMENT.md](DEPLOYMENT.md#who-can-read-the-token)
lists who can read what.

### What jobs see

Jobs see every variable that was passed to the container, except those on this page and except secrets. No process in the container starts with a secret in its
environment or its arguments, the init process included. If another variable repeats a secret, or its name looks like a misspelt name of a secret,
jobs do not see that variable either, and a warning says so. \`UNSET_CONFIG_VARS=false\` shows jobs the variables on this page, still without secrets.

### Between jobs

A runner that takes several jobs keeps what they leave, unless \`RUNNER_CLEAN\` is set. The image's hook then removes it at the end of each job, after all other hooks and before the runner can take the next
job. The job's log lists what was removed. What cannot be removed is a warning, and fails no job.

| \`RUNNER_CLEAN\` | removes |
| --- | --- |
| \`off\` | nothing. The runner itself empties \`_temp\` and ends processes that have the job's \`RUNNER_TRACKING_ID\` |
| \`work\` | jobs' folders in the work folder: checkouts, and what was built in them. The runner's own folders stay: \`_actions\`, \`_tool\` and others |
| \`all\` | also processes that jobs and hooks left; this user's files in \`/tmp\`, \`/var/tmp\` and \`/dev/shm\` that were not there when the container started; and containers and networks that have the label of GitHub's runner, if it was registered at this start, or the one in \`RUNNER_CONTAINER_LABEL\`, as after \`docker run --label "$RUNNER_CONTAINER_LABEL"\` |

When a container starts, it removes jobs' folders and labelled containers that an earlier container left. The home folder always stays as it is. No two runners may share a work folder, and runners that share a
Docker daemon need different names.

What is removed is decided when the container starts. No file, link, mount or variable of a job changes that: links are not followed, and a folder stays if something is mounted in it. A job that wants
to can still leave something behind, and read what an earlier one left elsewhere. Only ephemeral runners separate jobs from each other.

## A separate broker container

\`docker run … IMAGE broker\` runs no runner of its own. It registers the runners of other containers, which set \`BROKER_URL\` and have no credential; a container
that has both exits with 10.

- **The broker's variables decide** the target, the runner group, and the labels that runners may have: those in its \`RUNNER_LABELS\`, and those that runners of these images
  have by default. With \`RUNNER_EPHEMERAL=true\` it registers ephemeral runners only. It accepts \`ACCESS_TOKEN\` or a GitHub App.
- **The runner container's variables decide** the name, the labels, the work folder, \`RUNNER_EPHEMERAL\` and \`RUNNER_REPLACE_EXISTING\`. A runner never replaces one whose container is connected.
- **One connection is one runner.** Over it, that runner can be registered and removed, and no other. It stays open for as long as the container lives; if the
  broker restarts, runners keep working and reconnect.
- **If a container disappears**, the broker waits \`BROKER_GRACE_SECONDS\` and then removes its runner by id, once GitHub lists it as offline. The broker records its runners in
  \`/var/lib/runner-broker/leases.json\`, which contains no secret. Mount a volume there to keep it; the volume must belong to \`runner-agent\`, as a new named volume does.
- **\`unix://\`** is for containers on one machine that share a volume at \`/run/runner-broker\`. The socket belongs to \`runner-agent\`, with mode 0600, and the kernel checks this on every
  connection: a runner container has to start as root, so that its own part of the broker can run as that user. No job runs as that user.
- **\`tls://\`** is for everything else: both sides present a certificate signed by the authority in \`BROKER_CA_FILE\`. Anyone who has a certificate can have a runner registered. In a container that starts as
  user 1001, jobs must not be able to read the key's file, so pass the key in the variable \`BROKER_KEY\`.

The image's health check works for brokers too: a broker is healthy once it listens. It has no metrics.

## Exit codes

${exitCodesReference()}
## Signals

On SIGTERM, SIGINT or SIGQUIT the runner accepts no further job. A running job may continue for \`RUNNER_GRACEFUL_STOP_TIMEOUT\` seconds; then the runner stops and is
removed with a fresh token. A second signal no longer waits for the job, and a third exits immediately. Give \`docker stop\` more time than that, with \`--stop-timeout\` or, in
compose, \`stop_grace_period\`.

## Restarts

A runner that was killed with its container (SIGKILL, a machine failure) reclaims its entry on GitHub's list when the same container restarts: a random name
suffix stays with the container, and \`RUNNER_REPLACE_EXISTING\` is on by default. A recreated container gets a different suffix, and the old entry stays until a broker
container or GitHub removes it.

**Changed programs.** Jobs run as the owner of the runner's folder, and can change what is in it. Before the runtime program passes a registration token to \`config.sh\`, it compares the runner's programs
with checksums that only root can change. If one differs, the container exits with 2 and registers nothing. A runner that updated itself differs too: it keeps working as long as it keeps its
registration, for which it needs no token. \`docker compose up --force-recreate\` recreates the container. The problem does not arise with a read-only root file system, where the runner is copied afresh
at each start, nor with \`DISABLE_AUTO_UPDATE=true\` and jobs that do not modify the runner. Ephemeral runners get a just-in-time configuration instead of a token.

## Health and metrics

The image's health check runs \`health\`. It reports unhealthy if the listener's process is gone, if the runner is not registered, if the start takes too long, or if
the runtime program or the listener is stopped (SIGSTOP), since neither does anything then. If a job replaces the state file that the check reads with a link, a pipe or a huge
file, the check does not read it and stays unhealthy until the program writes its state again. In a container with another entry point, such as \`run.sh\`, it reports whether
the listener's process runs.
\`/health\` and \`/ready\` on the metrics port report the same to programs outside the container; \`/ready\` succeeds only while the runner listens for jobs or runs one.

${metricsReference()}
If the port is taken or a file cannot be written, the runner starts with a warning. \`JOBS_LOG\` must be a regular file
and not a link; the program reads its last 4 MiB at startup. A \`METRICS_FILE\` that is a link is replaced, not followed.

The metrics port accepts at most 100 open connections. A further one closes the connection that has waited longest, so that many slow connections cannot block a probe. A
request that is incomplete after 5 seconds is dropped.

## Folders

| Path | Purpose |
| --- | --- |
| \`/home/runner\` | the runner, and its user's home; \`/actions-runner\` links to it |
| \`/home/runner/_work\`, \`/home/runner/workspace\`, \`/_work\`, \`/runner/_work\` | mount points for work folders, owned by \`runner\` |
| \`/opt/hostedtoolcache\` | the tool cache, with links to the image's own Node.js, Python and Go. If it cannot be written to, jobs get \`_tool\` in the work folder, with a warning |
| \`/home/runner/.local\`, \`/home/runner/.npm-global\` | where jobs install programs with pip and npm; the \`bin\` folders of both are on PATH |
| \`/home/runner/.setup_info\` | what GitHub's runner shows of the image in the first step of a job |
| \`/runner/data\` | for \`CONFIGURED_ACTIONS_RUNNER_FILES_DIR\` |
| \`/run/runner-broker\`, \`/var/lib/runner-broker\` | accessible to \`runner-agent\` only: a broker's socket, and the record of the runners that it registered |
| \`/etc/runner/hooks/started.d\`, \`completed.d\` | programs to run before and after each job, in the order of their names |
| \`/usr/local/lib/runner-images\` | the runtime program |

A user id without an account, as OpenShift and \`docker run --user 4711\` give, has the name \`runner\` in jobs, so that ssh and git work, and programs of its own in its own home.
With a read-only root file system, or as a user other than 1001, the runner is copied to a temporary folder. \`/tmp\` must then be writable and not
mounted \`noexec\` (\`--tmpfs /tmp:exec\`). Containers that run at the same time then each need their own \`/tmp\`, because they would otherwise share the copy.

At the start, warnings tell what jobs will stumble over: a work folder that is mounted \`noexec\` or has files of another user in it, and a tool cache that cannot be written to.
\`doctor\` chooses the user and the folders exactly as a start does, changes none of them, and reports the same.

## What has not been tested

The tests run these images against a stand-in for GitHub's service and with [the act runner](ACT_RUNNER.md). Neither GitHub itself nor GitHub's runner was
available: how that words its failures is taken from its source.
`
}
