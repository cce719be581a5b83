# Functions that the command and the tests start with. Sourced, POSIX sh.

NODE_MAJOR=20
NODE_MINOR=19

# Ends the program with a message when Node.js is missing or too old.
ensure_node() {
  if ! command -v node >/dev/null 2>&1; then
    node_problem "Node.js is not installed, and runner-images needs $NODE_MAJOR.$NODE_MINOR or newer."
  elif ! new_enough "$(node --version)"; then
    node_problem "Node.js $(node --version) is too old, runner-images needs $NODE_MAJOR.$NODE_MINOR or newer."
  elif ! command -v npm >/dev/null 2>&1; then
    node_problem "Node.js is here, but its package manager npm is not."
  fi
}

# Whether a version such as v20.19.0 will do. Node.js prints its own without starting its engine, ten times as fast as it runs a script.
new_enough() {
  version=${1#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  [ "$major" -gt "$NODE_MAJOR" ] || { [ "$major" -eq "$NODE_MAJOR" ] && [ "$minor" -ge "$NODE_MINOR" ]; }
}

node_problem() {
  printf 'error: %s [NODE_MISSING]\nInstall it: %s\n' "$1" "$(node_command)" >&2
  exit 1
}

# The one command that brings a new enough Node.js onto this host.
node_command() {
  sudo=
  [ "$(id -u)" = 0 ] || sudo='sudo '
  if [ "$(uname -s)" = Darwin ]; then
    echo 'brew install node'
  elif command -v apt-get >/dev/null 2>&1 && apt_node_is_new_enough; then
    echo "${sudo}apt-get install -y nodejs npm"
  elif command -v dnf >/dev/null 2>&1; then
    echo "${sudo}dnf install -y nodejs npm"
  elif command -v apk >/dev/null 2>&1; then
    echo "${sudo}apk add nodejs npm"
  elif command -v pacman >/dev/null 2>&1; then
    echo "${sudo}pacman -S --needed nodejs npm"
  else
    # nvm picks the download for this machine, and needs no root.
    echo 'curl -fsSL https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.3/install.sh | bash && . "$HOME/.nvm/nvm.sh" && nvm install 24'
  fi
}

apt_node_is_new_enough() {
  candidate=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *//p')
  [ -n "$candidate" ] && [ "$candidate" != '(none)' ] && dpkg --compare-versions "$candidate" ge "$NODE_MAJOR.$NODE_MINOR"
}

# Installs the dependencies under $1 unless they are those of its lock file; with "dev" as $2 those of development too.
# The stamp is a copy of the lock file, written last, inside node_modules: an installation that was cut short leaves none,
# and is done again.
ensure_dependencies() {
  dependencies_current "$@" && return
  # A contributor's tools stay when only the command is run.
  if [ -x "$1/node_modules/.bin/vitest" ]; then set -- "$1" dev; fi
  lock=$1/.dependencies.lock
  acquire "$lock"
  trap 'rm -f "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # Another process may have installed them while this one waited.
  if ! dependencies_current "$@"; then install_dependencies "$@"; fi
  trap - EXIT INT TERM HUP
  rm -f "$lock"
}

dependencies_current() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed-dev.json" && return
  [ "${2:-}" != dev ] && cmp -s "$1/package-lock.json" "$1/node_modules/.installed.json"
}

# A symbolic link is made in one step and carries its owner's process id, so a lock whose owner died can be told.
acquire() {
  until ln -s "pid-$$" "$1" 2>/dev/null; do
    owner=$(readlink "$1" 2>/dev/null) || owner=
    if [ -z "$owner" ] && [ ! -w "$(dirname "$1")" ]; then
      printf 'error: %s cannot be written, and dependencies must be installed there. [DEPENDENCIES]\nRun this once as its owner: npm ci --ignore-scripts\n' "$(dirname "$1")" >&2
      exit 1
    elif [ -n "$owner" ] && ! alive "${owner#pid-}"; then
      # Renaming is atomic: of several that find the lock stale, one removes it. What was renamed may by then be the
      # lock of a third, which goes back.
      if mv "$1" "$1.stale.$$" 2>/dev/null; then
        if [ "$(readlink "$1.stale.$$")" = "$owner" ]; then rm -f "$1.stale.$$"; else mv "$1.stale.$$" "$1"; fi
      fi
    else
      sleep 1
    fi
  done
}

# Signal 0 is refused for another user's process, which is alive all the same.
alive() {
  kill -0 "$1" 2>/dev/null || [ -e "/proc/$1" ]
}

install_dependencies() {
  if [ "${2:-}" = dev ]; then stamp=$1/node_modules/.installed-dev.json; else stamp=$1/node_modules/.installed.json; fi
  echo 'Installing dependencies …' >&2
  log=$(mktemp "${TMPDIR:-/tmp}/runner-images-npm.XXXXXX")
  rm -f "$1/node_modules/.installed-dev.json" "$1/node_modules/.installed.json"
  if (
    cd "$1"
    case $stamp in *-dev.json) set -- --include=dev ;; *) set -- --omit=dev ;; esac
    # Nothing that is downloaded runs while it is installed; none of the dependencies needs that.
    npm ci "$@" --ignore-scripts --no-audit --no-fund --loglevel=error
  ) >"$log" 2>&1 </dev/null; then
    cp "$1/package-lock.json" "$stamp.part"
    mv "$stamp.part" "$stamp"
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    printf 'error: The dependencies could not be installed. [DEPENDENCIES]\nSee the messages above, then run this again, or: cd %s && npm ci --ignore-scripts\n' "$1" >&2
    exit 1
  fi
}
