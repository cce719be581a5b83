# Records which packages nobody asked for by name, as apt does. /plan/auto lists them; $ARCHITECTURE is what apt calls the root's own.
marks=/var/lib/apt/extended_states
touch "$marks"
while read -r name; do
  grep -qx "Package: $name" "$marks" || printf 'Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n' "$name" "$ARCHITECTURE"
done < /plan/auto > /tmp/marks
cat /tmp/marks >> "$marks" && rm /tmp/marks
