# accounts.sh SHADOW-GROUP USER OWNER HOME FOLDER…: lays out in /laid-out the account files in /plan, and folders that belong to OWNER.
set -eu
shadow_group=$1 user=$2 owner=$3 home=$4
shift 3
mkdir -p /laid-out/etc && cd /laid-out
for file in passwd group; do
  install -m 0644 "/plan/$file" "etc/$file"
done
for file in shadow gshadow; do
  install -m 0640 -g "$shadow_group" "/plan/$file" "etc/$file"
done
if [ -e /plan/sudoers ]; then
  install -D -m 0440 /plan/sudoers "etc/sudoers.d/$user"
  chmod 0750 etc/sudoers.d
fi
for folder in "$@"; do
  mkdir -p ".$folder"
  chown "$owner" ".$folder"
  # Whoever shares the group, because a container runs under another user id, may write there too.
  [ "$folder" = "$home" ] || chmod 0775 ".$folder"
done
