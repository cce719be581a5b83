export const HELP = `
The stand-in runner: files and command line of the GitHub Actions runner, for images that are built where that cannot be had.

Commands:
  ./config.sh         Register the runner, and configure it
  ./config.sh remove  Take it off the server's list, and the configuration away
  ./run.sh            Run the configured runner until it is stopped

For every command:
  --help              Show this
  --version           Show the version
  --commit            Show a digest of the program

./config.sh:
  --url URL           Repository, organisation or enterprise to serve (required)
  --token TOKEN       Registration token (required)
  --name NAME         Name of the runner (default: the host's)
  --runnergroup NAME  Group to be in (default: Default)
  --labels A,B        Labels beside self-hosted, Linux and the architecture
  --no-default-labels Only the labels given
  --work FOLDER       Where jobs work (default: _work)
  --replace           Replace a runner of the same name
  --ephemeral         Take one job only
  --disableupdate     Stay at this version
  --unattended        Ask nothing; this runner never does

./config.sh remove:
  --token TOKEN       Removal token
  --local             Remove only the files of this machine

./run.sh:
  --jitconfig TEXT    Configuration for this run, from a server
  --once              Take one job only

Each option may come from the environment instead: ACTIONS_RUNNER_INPUT_TOKEN for --token.
STAND_IN_SECONDS shortens its waiting: retry=0.2,conflict=1,poll=1,renew=1,interrupt=1,terminate=1.
`.trim()
