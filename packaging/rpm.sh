#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds source and binary RPM from what packaging/sources.sh made, into packaging/out. Arguments go to rpmbuild:
#     packaging/rpm.sh --without check
set -eu
cd "$(dirname "$0")/.."
out=$PWD/packaging/out
packaging/deps.sh --tell rpm
command -v rpmbuild >/dev/null || { echo "rpmbuild is not installed" >&2; exit 1; }
name=image-signature-$(packaging/version.sh)
[ -e "$out/$name.tar.gz" ] || { echo "$out/$name.tar.gz is not here: make dist" >&2; exit 1; }
SOURCE_DATE_EPOCH=$(packaging/date.sh)
export SOURCE_DATE_EPOCH

# rpm's own scripts do not bear a path with spaces.
case $PWD in
    *[[:space:]]*) top=$(mktemp -d /var/tmp/image-signature.XXXXXX) ;;
    *) top=$PWD/target/rpm ;;
esac
rm -rf "$top"
mkdir -p "$top/SOURCES"
trap 'rm -rf "$top"' EXIT
cp "$out/$name.tar.gz" "$out/$name-vendor.tar.xz" "$top/SOURCES"
if [ -e /etc/debian_version ]; then
    # What is needed to build comes from Debian packages, of which rpm knows nothing; its brp-compress needs bash.
    set -- --nodeps --define '__brp_compress /bin/bash /usr/lib/rpm/brp-compress /usr' "$@"
fi
packaging/offline.sh rpmbuild -ba "$@" \
    --define "_topdir $top" --define "_rpmdir $top/out" --define "_srcrpmdir $top/out" \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_buildhost reproducible.invalid' packaging/rpm/image-signature.spec
rm -f "$out"/*.rpm
find "$top/out" -name '*.rpm' -exec cp {} "$out" \;
ls -l "$out"/*.rpm
