# fill-go-cache.sh ARCH CC [OTHER…]: compiles what the module in /module needs of the standard library into /go-build, with the native Go in
# /go: for ARCH, with the C compiler CC, and for OTHER architectures what a program without imports needs.
set -eu
arch=$1 compiler=$2
shift 2
export GOCACHE=/go-build GOENV=off GOFLAGS= GOMODCACHE=/modules GOOS=linux GOPROXY=off GOTOOLCHAIN=local
PATH=/go/bin:$PATH
cd /module
standard() { go list -deps -test -f '{{if .Standard}}{{.ImportPath}}{{end}}' "$@"; }
export CGO_ENABLED=0
for other in "$@"; do
  export GOARCH="$other"
  # shellcheck disable=SC2046 # a word for each package
  go build $(standard ./cmd/smoke-plain)
done
export GOARCH="$arch"
# shellcheck disable=SC2046
go build $(standard ./...)
# What vet finds out about these packages is kept as well. The module's own packages are compiled and vetted again elsewhere, because
# their folder is part of their keys.
go test -run '^$' -exec true . >/dev/null
# A key has the C compiler's name and its version's line, which are the image's own if it is called by the same name.
mkdir /compiler
ln -s "$(command -v "$compiler")" /compiler/gcc
PATH=/compiler:$PATH CGO_ENABLED=1 go build runtime/cgo
# Go removes what nothing has used for days, and the engine may keep the folder longer.
find /go-build -type f -exec touch -d 2100-01-01 {} +
chmod -R a+rwX /go-build
