# tool-cache.sh CACHE OWNER MODE: lays out in /laid-out the files of /tree, with everything in the folder CACHE for OWNER, folders there with MODE.
set -eu
cache=$1 owner=$2 mode=$3
# Without the extended attributes that Dagger gives to uploaded files.
cp --recursive --no-dereference --preserve=mode,timestamps,links /tree /laid-out
chown --recursive --no-dereference "$owner" "/laid-out$cache"
find "/laid-out$cache" -type d -exec chmod "$mode" {} +
