# accounts.sh SHADOW-GROUP SUDOER: lays out in /laid-out the account files in /plan, and the folders that /plan/folders lists, a line each:
# OWNER MODE PATH. Folders above these are root's.
set -eu
shadow_group=$1 sudoer=$2
mkdir -p /laid-out/etc && cd /laid-out
for file in passwd group; do
  install -m 0644 "/plan/$file" "etc/$file"
done
for file in shadow gshadow; do
  install -m 0640 -g "$shadow_group" "/plan/$file" "etc/$file"
done
if [ -e /plan/sudoers ]; then
  install -D -m 0440 /plan/sudoers "etc/sudoers.d/$sudoer"
  chmod 0750 etc/sudoers.d
fi
while read -r owner mode folder; do
  mkdir -p ".$folder"
  chown "$owner" ".$folder"
  chmod "$mode" ".$folder"
done < /plan/folders
