# fetch-upstream.sh URL SHA256 NAME [CONNECT_TO HOST]: brings a file to /download/NAME, whole and with its checksum.
#   URL              where it is; a path for a file that is here already
#   SHA256           what the file must have
#   CONNECT_TO HOST  see upstream-curl.sh
# What has come is kept when a transfer breaks off or falls silent, and the next attempt goes on from there. A failure ends in one
# line on standard error, "fetch-upstream: KIND: what happened", and a non-zero exit code, so that nothing of it is cached. KIND is
# checksum, http-STATUS, redirects, silence, slow, truncated, unreachable, certificate or curl-CODE.
set -eu
url=$1 sha256=$2 name=$3 connect_to=${4-} direct=${5-}

SILENCE=15       # seconds with less than SPEED bytes each end an attempt
SPEED=1024
ATTEMPTS=4       # in a row that bring nothing new
TOTAL=1800       # seconds for everything

mkdir -p /download
file=/download/$name

fail() {
  echo "fetch-upstream: $1: $2" >&2
  exit 1
}

sum() {
  sha256sum "$file" | cut -d ' ' -f 1
}

# The same bytes make the same layer, whenever and from wherever they came.
finish() {
  touch -d @0 "$file"
  exit 0
}

case $url in
  /*)
    cp "$url" "$file"
    actual=$(sum)
    [ "$actual" = "$sha256" ] || fail checksum "expected $sha256, actual $actual"
    finish
    ;;
esac

. "$(dirname "$0")/upstream-curl.sh"

size() {
  stat -c %s "$file" 2>/dev/null || echo 0
}

began=$(date +%s) most=0 fruitless=0
while :; do
  left=$((began + TOTAL - $(date +%s)))
  [ "$left" -gt 0 ] || fail slow "it was not whole after $((TOTAL / 60)) minutes"
  before=$(size)
  code=0
  said=$(upstream_curl "$url" --max-time "$left" --speed-limit "$SPEED" --speed-time "$SILENCE" --continue-at - --output "$file" \
    --write-out '%{http_code} %{errormsg}') || code=$?
  status=${said%% *} message=${said#* }
  after=$(size)

  # A server that keeps the connection open after the last byte has sent the file all the same.
  if [ "$after" -gt 0 ]; then
    actual=$(sum)
    [ "$actual" != "$sha256" ] || finish
  fi

  case $code in
    0)
      [ "$after" -gt 0 ] || actual=$(: >>"$file"; sum)
      # What was put together from several answers may be of several files.
      [ "$before" -gt 0 ] || fail checksum "expected $sha256, actual $actual"
      kind=checksum what="expected $sha256, actual $actual"
      rm -f "$file"
      ;;
    22)
      kind=http-$status what="the server answers $status"
      case $status in
        408 | 429 | 500 | 502 | 503 | 504) ;;
        # There is nothing to go on with.
        416) rm -f "$file" ;;
        *) fail "$kind" "$what" ;;
      esac
      ;;
    # The server has only the whole.
    33 | 36) kind=truncated what="the connection broke off after $before bytes, and the server sends nothing but the whole"; rm -f "$file" ;;
    1) fail redirects "it is redirected to an address without TLS, or without HTTP" ;;
    47) fail redirects "it is redirected more than $REDIRECTS times" ;;
    60) fail certificate "$message" ;;
    28)
      case $message in
        *'too slow'*) kind=silence what="nothing came for $SILENCE seconds after $after bytes" ;;
        *) kind=unreachable what=$message ;;
      esac
      ;;
    18 | 52 | 55 | 56 | 92) kind=truncated what="the connection broke off after $after bytes" ;;
    5 | 6 | 7 | 35 | 97) kind=unreachable what=$message ;;
    *) fail "curl-$code" "$message" ;;
  esac

  if [ "$after" -gt "$most" ]; then
    most=$after fruitless=0 wait=1
  else
    fruitless=$((fruitless + 1)) wait=$((fruitless * fruitless))
    [ "$fruitless" -lt "$ATTEMPTS" ] || fail "$kind" "$what; $ATTEMPTS attempts in a row brought nothing new"
  fi
  echo "$name: $what; going on from byte $(size) in $wait s" >&2
  sleep "$wait"
done
