#!/usr/bin/env bash
# Tries what make release made: the sums, the SBOM, and a package that is unpacked into a folder.
set -euo pipefail
cd "$(dirname "$0")/.."
(cd dist && sha256sum --check --quiet SHA256SUMS)
grep -q '"bomFormat": "CycloneDX"' dist/*_sbom.cdx.json
grep -q 'github.com/jackc/pgx/v5' dist/*_sbom.cdx.json || { echo "the SBOM lacks a module that the program is made of"; exit 1; }
if ! command -v dpkg-deb >/dev/null; then
  echo "skipped: the packages, since dpkg-deb is not on this machine"
  exit 0
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for package in dist/*.deb; do
  listed=$(dpkg-deb --contents "$package")
  for wanted in '-rwxr-xr-x root/root .* ./usr/bin/waypost$' '-rw------- root/root .* ./etc/waypost/waypost.env$' './lib/systemd/system/waypost.service$'; do
    grep -qE -- "$wanted" <<< "$listed" || { echo "$package lacks $wanted"; exit 1; }
  done
done
arch=$(dpkg --print-architecture)
if ! ls dist/*_"$arch".deb >/dev/null 2>&1; then
  echo "skipped: running the program, of which there is none for $arch"
  exit 0
fi
dpkg-deb --extract dist/*_"$arch".deb "$root"
"$root/usr/bin/waypost" version
if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: the unit, since systemd-analyze is not on this machine"
  exit 0
fi
systemd-analyze security --offline=yes --threshold=20 --no-pager "$root/lib/systemd/system/waypost.service" | tail -1
sed -i "s|/usr/bin/waypost|$root/usr/bin/waypost|" "$root/lib/systemd/system/waypost.service" # where verify looks for it
systemd-analyze verify --man=no "$root/lib/systemd/system/waypost.service"
