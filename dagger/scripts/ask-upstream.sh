# ask-upstream.sh CONNECT_TO HOST URL…: prints a line for each URL: "yes" if the server has the file, else why not.
#   CONNECT_TO HOST  see upstream-curl.sh; both may be empty
# The first byte is requested, with GET, as a download does: some servers refuse HEAD. Only a success counts, and no web page, which is what
# some networks answer to everything. A server that does not answer, or is too busy to, is asked three times.
set -eu
connect_to=$1 direct=$2
shift 2
. "$(dirname "$0")/upstream-curl.sh"

ATTEMPTS=3
ANSWER=8         # seconds that an answer may take
LARGEST=65536    # bytes of a file that is not cut off at once if the server sends it from the beginning to the end

ask() {
  attempt=1
  while :; do
    code=0
    said=$(upstream_curl "$1" --max-time "$ANSWER" --range 0-0 --max-filesize "$LARGEST" --output /dev/null \
      --write-out '%{http_code} %{content_type}|%{errormsg}') || code=$?
    status=${said%% *} message=${said#*|}
    case $code in
      # The second is that the server has begun to send more than is wanted.
      0 | 63)
        case $said in
          *' text/html'*) echo "the server sends a web page instead" ;;
          *) echo yes ;;
        esac
        return
        ;;
      22)
        why="the server answers $status"
        case $status in
          408 | 429 | 500 | 502 | 503 | 504) ;;
          *) echo "$why" && return ;;
        esac
        ;;
      1) echo "it is redirected to an address without TLS, or without HTTP" && return ;;
      47) echo "it is redirected more than $REDIRECTS times" && return ;;
      60) echo "$message" && return ;;
      28) why="no answer within $ANSWER seconds" ;;
      *) why=$message ;;
    esac
    [ "$attempt" -lt "$ATTEMPTS" ] || break
    sleep "$attempt"
    attempt=$((attempt + 1))
  done
  echo "$why, $ATTEMPTS times"
}

answers=$(mktemp -d)
number=0
for url in "$@"; do
  number=$((number + 1))
  ask "$url" >"$answers/$number" &
done
wait
for place in $(seq "$number"); do
  head -n 1 "$answers/$place"
done
