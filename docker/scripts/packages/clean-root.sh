# Takes out of a root what says when and how it was made, and not what is in it. In: $ROOT, empty for this one, and $EPOCH, the time at
# which the youngest of its packages was made, in seconds since 1970.
find "$ROOT/var/log" -type f -delete
rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/cache/debconf/*-old "$ROOT/var/cache/debconf/tmp.ci" "$ROOT/var/cache/ldconfig/aux-cache" "$ROOT"/var/lib/dpkg/*-old \
  "$ROOT"/var/lib/apt/lists/* "$ROOT/etc/passwd-" "$ROOT/etc/group-" "$ROOT/etc/shadow-" "$ROOT/etc/gshadow-" \
  "$ROOT/etc/subuid-" "$ROOT/etc/subgid-"
# Which of apt and dpkg did the work is not to be seen either.
mkdir -p "$ROOT/var/log/apt"
# An identity belongs to a machine; what needs one of these makes it when it starts.
[ ! -e "$ROOT/etc/machine-id" ] || : > "$ROOT/etc/machine-id"
rm -f "$ROOT/var/lib/dbus/machine-id" "$ROOT/var/lib/systemd/random-seed" "$ROOT/var/lib/urandom/random-seed" \
  "$ROOT/var/lib/systemd/credential.secret" "$ROOT/var/lib/rabbitmq/.erlang.cookie"
# renewed NAME FILE…: takes out keys that all containers would share, and lists them for the images' program, which makes them again.
library=$ROOT/usr/local/lib/runner-images
renewed() {
  name=$1 && shift
  for file in "$@"; do
    [ -e "$file" ] || continue
    rm -f "$file"
    mkdir -p "$library" && echo "$name" >> "$library/renewed-keys"
  done
}
renewed ssh-host-keys "$ROOT"/etc/ssh/ssh_host_*_key "$ROOT"/etc/ssh/ssh_host_*_key.pub
renewed snakeoil-certificate "$ROOT/etc/ssl/private/ssl-cert-snakeoil.key" "$ROOT/etc/ssl/certs/ssl-cert-snakeoil.pem"
if [ -e "$library/renewed-keys" ]; then
  find "$ROOT/etc/ssl/certs" -lname ssl-cert-snakeoil.pem -delete
  names=$(sort -u "$library/renewed-keys") && echo "$names" > "$library/renewed-keys"
fi
# No account counts as changed later than on the packages' day. SOURCE_DATE_EPOCH would tell passwd's programs the same, but Python's too,
# whose compiled files would then have their sources read at every import.
shadow=$ROOT/etc/shadow
if [ -e "$shadow" ]; then
  dated=$(awk -F: -v OFS=: -v day=$((EPOCH / 86400)) '$3 > day { $3 = day } { print }' "$shadow")
  echo "$dated" | cmp -s - "$shadow" || echo "$dated" > "$shadow"
fi
# Holds when font folders were changed, to the nanosecond; a layer keeps seconds, so that in an image it would not count.
rm -rf "$ROOT"/var/cache/fontconfig/*
# git-lfs' script writes its settings in an order that changes from run to run.
settings=$ROOT/etc/gitconfig
if [ -e "$settings" ] && [ "$(grep -c '^\[' "$settings")" = 1 ]; then
  sorted=$(head -n 1 "$settings" && tail -n +2 "$settings" | sort)
  printf '%s\n' "$sorted" > "$settings"
fi
# TeX's indexes have files in the file system's order, which is any; its logs have the time.
for index in "$ROOT"/var/lib/texmf/ls-R*; do
  [ -e "$index" ] || continue
  find "${index%/*}" -name '*.log' -delete
  perl -0777 -i -pe '
    my ($head, @folders) = split /\n\n+/;
    for (@folders) {
      my @lines = split /\n/;
      $_ = join "\n", grep(/:$/, @lines), sort grep !/:$|\.log$/, @lines;
    }
    $_ = join("\n\n", $head, sort @folders) . "\n"' "$index"
done
# Java's store has the time at which each certificate was added, and ends with SHA-1 of the password in UTF-16, a phrase and all of that.
store=$ROOT/etc/ssl/certs/java/cacerts
if [ -e "$store" ]; then
  perl -0777 -i -pe '
    sub sum {
      open my $file, ">", "/tmp/store" or die "/tmp/store: $!\n";
      print $file "\0" . join("\0", split //, "changeit") . "Mighty Aphrodite" . shift;
      close $file;
      my ($hex) = `sha1sum /tmp/store` =~ /^(\w{40})/ or die "sha1sum failed\n";
      unlink "/tmp/store";
      return pack "H*", $hex;
    }
    my ($entries, $sum) = (substr($_, 0, -20), substr $_, -20);
    # Another version or password of it stays as it is.
    if (/^\xfe\xed\xfe\xed\x00\x00\x00\x02/ && sum($entries) eq $sum) {
      my $at = 12;
      for (1 .. unpack "x8 N", $entries) {
        my ($type, $length) = unpack "x$at N n", $entries;
        die "$ARGV: entry $_ is no certificate\n" if $type != 2;
        $at += 6 + $length;
        substr $entries, $at, 8, "\0" x 8;
        $at += 8;
        $at += 2 + unpack "x$at n", $entries;
        $at += 4 + unpack "x$at N", $entries;
      }
      $_ = $entries . sum($entries);
    }' "$store"
fi
