#!/bin/sh
# What the workflows do, for any other CI system, from a checkout of this project:
#
#   examples/ci/build-and-publish.sh              checks the project, and builds and smoke-tests the images for this machine's platform
#   examples/ci/build-and-publish.sh publish      builds both platforms and publishes them
#
# Publishing reads REPOSITORY (such as ghcr.io/OWNER/github-runner), TAGS (such as 1.2.3,latest), REGISTRY_USERNAME and REGISTRY_PASSWORD.
# Needs Node.js and Docker or podman; without these, root on Debian or Ubuntu and Go (README.md).
set -eu
cd "$(dirname -- "$0")/../.."

# The Dagger CLI reports usage otherwise.
export DO_NOT_TRACK=1

check() {
  npm ci --ignore-scripts
  npm run format:check
  npm run lint
  npm run typecheck
  npm run dependencies
  npm run test:unit
  ./runner-images catalog check
}

build() {
  case $(uname -m) in
    x86_64) platform=linux/amd64 ;;
    aarch64 | arm64) platform=linux/arm64 ;;
    *)
      echo "error: there are no images for $(uname -m)." >&2
      exit 2
      ;;
  esac
  ./runner-images build --platforms "$platform" --variants all --native
}

publish() {
  : "${REPOSITORY:?is where to publish, as in ghcr.io/OWNER/github-runner}"
  : "${TAGS:?are the tags to set, as in 1.2.3,latest}"
  : "${REGISTRY_USERNAME:?is the user name for the registry}"
  : "${REGISTRY_PASSWORD:?is the password or token for the registry}"
  ./runner-images publish --variants all --runner official \
    --repository "$REPOSITORY" --tags "$TAGS" \
    --username "$REGISTRY_USERNAME" --password-env REGISTRY_PASSWORD
}

case ${1-} in
  '')
    check
    build
    ;;
  publish) publish ;;
  *)
    echo "error: \"$1\" is neither nothing nor publish." >&2
    exit 2
    ;;
esac
