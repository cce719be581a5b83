# Takes out of a root what says when and how it was made, and not what is in it. In: $ROOT, empty for this one.
find "$ROOT/var/log" -type f -delete
rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/cache/debconf/*-old "$ROOT/var/cache/debconf/tmp.ci" "$ROOT/var/cache/ldconfig/aux-cache" "$ROOT"/var/lib/dpkg/*-old \
  "$ROOT"/var/lib/apt/lists/* "$ROOT/etc/passwd-" "$ROOT/etc/group-" "$ROOT/etc/shadow-" "$ROOT/etc/gshadow-" \
  "$ROOT/etc/subuid-" "$ROOT/etc/subgid-"
# Which of apt and dpkg did the work is not to be seen either.
mkdir -p "$ROOT/var/log/apt"
# An identity belongs to a machine; the first start makes one.
[ ! -e "$ROOT/etc/machine-id" ] || : > "$ROOT/etc/machine-id"
rm -f "$ROOT/var/lib/dbus/machine-id"
# Holds when font folders were changed, to the nanosecond; a layer keeps seconds, so that in an image it would not count.
rm -rf "$ROOT"/var/cache/fontconfig/*
# git-lfs' script writes its settings in an order that changes from run to run.
settings=$ROOT/etc/gitconfig
if [ -e "$settings" ] && [ "$(grep -c '^\[' "$settings")" = 1 ]; then
  sorted=$(head -n 1 "$settings" && tail -n +2 "$settings" | sort)
  printf '%s\n' "$sorted" > "$settings"
fi
