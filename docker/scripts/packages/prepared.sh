# prepared.sh TRIPLET PLAN PATH…: gets ready what the foreign root at /target needs of this native tools root, after native-tools.sh. PLAN has
# what its installation is told. /accelerate then has: `plan`, which is PLAN and the order of configuration; `cover`, with a file for each
# PATH, since a Dockerfile's mounts are the same whatever is to be covered; and `loader`, or `refused` with the reason why the root's own
# programs have to do it.
set -eu
triplet=$1 plan=$2
shift 2
mkdir -p /accelerate/plan /accelerate/cover
cp -R "$plan/." /accelerate/plan/
: > /tmp/covered
if sh /scripts/probe.sh > /tmp/interpreter 2> /tmp/why && sh /scripts/prepare.sh > /tmp/prepared 2> /tmp/why; then
  echo "$(cat /tmp/interpreter) $triplet" > /accelerate/loader
  mv /tmp/prepared /tmp/covered
else
  tail -n 1 /tmp/why | sed 's/^acceleration: //' > /accelerate/refused
fi
for path in "$@"; do
  cover=/accelerate/cover/$(echo "$path" | tr / _)
  # What is not covered is covered by itself.
  grep -qx "$path" /tmp/covered || cp "/target$path" "$cover"
done
printf '%s\n' "$@" | grep -vxFf - /tmp/covered | sed 's/^/not covered, which takes longer: /' >&2 || true
# The order in which the native root was configured, then what only the foreign one has.
if [ -e /var/log/configure-order ]; then
  awk 'NR == FNR { here[$1]; names[++count] = $1; next }
    $1 == "configure" && $2 in here && !seen[$2]++ { print $2 }
    END { for (i = 1; i <= count; i++) if (!seen[names[i]]) print names[i] }' "$plan/files" /var/log/configure-order > /accelerate/plan/configure
fi
