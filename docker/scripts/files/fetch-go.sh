# fetch-go.sh MODULE@VERSION SUM STRIP [CHOICE…]: fetches a Go toolchain with Go itself, which also asks the checksum database for it,
# checks it by the hash that go.sum would have for it, and unpacks it into /unpacked.
set -eu
module=$1 sum=$2
shift 2
GOTOOLCHAIN=local GOMODCACHE=$PWD/modules GOFLAGS=-modcacherw go mod download -json "$module" > download.json
field() { sed -n "s/^.*\"$1\": \"\(.*\)\".*\$/\1/p" download.json; }
actual=$(field Sum)
if [ "$actual" != "$sum" ]; then
  echo "$module has the wrong checksum: expected $sum, actual $actual" >&2
  exit 3
fi
sh /plan/unpack.sh "$(field Zip)" "$@"
# Modules keep no modes and no go.mod below their own. The go command fixes both in a toolchain that it has fetched.
cd /unpacked
find bin pkg/tool -type f -exec chmod +x {} +
find lib -type f -name 'go_?*_?*_exec' -exec chmod +x {} +
find . -name _go.mod -type f -execdir mv {} go.mod ';'
