# upstream-curl.sh: for scripts that request upstream files. Defines `upstream_curl URL [OPTION…]`, which is curl with the rules that hold
# for all of these requests. Reads two variables, which may be empty:
#   connect_to  host:port:host:port, where to connect to instead of the host `direct`, without a proxy
REDIRECTS=10     # followed at most
CONNECT=10       # seconds that connecting may take

# curl reads this one in lower case only.
[ -z "${HTTP_PROXY-}" ] || export http_proxy="${http_proxy-$HTTP_PROXY}"

# What comes over TLS is not redirected to where there is none.
upstream_curl() {
  case $1 in
    https:*) set -- --proto '=https' --proto-redir '=https' "$@" ;;
    *) set -- --proto '=https,http' --proto-redir '=https,http' "$@" ;;
  esac
  [ ! -f /run/mirror.curl ] || set -- --config /run/mirror.curl "$@"
  [ -z "$connect_to" ] || set -- --connect-to "$connect_to" --noproxy "${no_proxy-${NO_PROXY-}},$direct" "$@"
  curl --disable --silent --fail --globoff --location --max-redirs "$REDIRECTS" --connect-timeout "$CONNECT" "$@"
}
