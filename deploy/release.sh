#!/usr/bin/env bash
# Makes what is published of a version, in dist/, and tries it. It takes Go and dpkg-deb. VERSION and COMMIT come from the Makefile.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${GO:=go}" "${VERSION:?}" "${COMMIT:?}"
umask 022
export CGO_ENABLED=0
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH # two builds of one commit are alike

rm -rf dist && mkdir dist
name=waypost_${VERSION}
variables="-X waypost/internal/platform/build.version=$VERSION -X waypost/internal/platform/build.commit=$COMMIT"

# package ARCH: a Debian package of the binary that was built.
package() {
  local root
  root=$(mktemp -d) # not in dist/: go list looks there
  chmod 0755 "$root"
  install -D -m 0755 "dist/${name}_linux_$1" "$root/usr/bin/waypost"
  install -D -m 0644 deploy/waypost.service "$root/lib/systemd/system/waypost.service"
  install -D -m 0600 deploy/waypost.env "$root/etc/waypost/waypost.env"
  install -D -m 0644 -t "$root/usr/share/doc/waypost" deploy/Caddyfile README.md docs/install.md docs/operations.md docs/database.md
  install -m 0644 deploy/debian/copyright "$root/usr/share/doc/waypost/copyright"
  install -d "$root/DEBIAN"
  install -m 0755 -t "$root/DEBIAN" deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm
  echo /etc/waypost/waypost.env > "$root/DEBIAN/conffiles"
  cat > "$root/DEBIAN/control" <<CONTROL
Package: waypost
Version: $VERSION
Architecture: $1
Maintainer: The Waypost developers <waypost@example.org>
Installed-Size: $(du -k -s --exclude=DEBIAN "$root" | cut -f1)
Depends: adduser, ca-certificates
Recommends: postgresql (>= 15)
Section: web
Priority: optional
Description: social prescribing referrals and what came of them
 A REST API over PostgreSQL by which link workers record referrals, community
 organisations answer them, and people say later whether they helped.
CONTROL
  dpkg-deb --root-owner-group --build "$root" "dist/${name}_$1.deb" >/dev/null
  rm -rf "$root"
}

for arch in amd64 arm64; do
  GOOS=linux GOARCH=$arch $GO build -trimpath -ldflags="-s -w $variables" -o "dist/${name}_linux_$arch" .
  if command -v dpkg-deb >/dev/null; then package $arch; else echo "no dpkg-deb: no Debian package for $arch"; fi
done
# The same modules are in both.
$GO -C deploy/tools tool cyclonedx-gomod bin -json -std -version "$VERSION" -output "$PWD/dist/${name}_sbom.cdx.json" "$PWD/dist/${name}_linux_amd64"
(cd dist && sha256sum "${name}"_* > SHA256SUMS)
deploy/try-release.sh
ls -l dist
