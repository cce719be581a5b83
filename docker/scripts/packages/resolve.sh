# resolve.sh PACKAGE…: prints the package files that bring a root to the archive's newest state and add the given packages.
# Runs natively; APT_CONFIG names the root's architecture and dpkg status.
set -eu
exec apt-get dist-upgrade --print-uris -qq --no-install-recommends -o Acquire::ForceHash=SHA256 "$@"
