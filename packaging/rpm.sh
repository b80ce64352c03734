#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds source and binary RPM from what packaging/sources.sh made, into packaging/out. Arguments go to rpmbuild:
#     packaging/rpm.sh --without check
set -eu
cd "$(dirname "$0")/.."
out=$PWD/packaging/out
top=$PWD/target/rpm
command -v rpmbuild >/dev/null || { echo "rpmbuild is not installed: packaging/deps.sh packages" >&2; exit 1; }
SOURCE_DATE_EPOCH=$(packaging/date.sh)
export SOURCE_DATE_EPOCH

if [ "$(rpm --eval '%{_vendor}')" = debian ]; then
    # What is needed to build comes from Debian packages, of which rpm knows nothing; its brp-compress needs bash.
    set -- --nodeps --define '__brp_compress /bin/bash /usr/lib/rpm/brp-compress /usr' "$@"
fi
rm -rf "$top"
mkdir -p "$top"
packaging/offline.sh rpmbuild -ba "$@" \
    --define "_topdir $top" --define "_sourcedir $out" --define "_rpmdir $top/out" --define "_srcrpmdir $top/out" \
    --define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
    --define '_buildhost reproducible.invalid' packaging/rpm/image-signature.spec
rm -f "$out"/*.rpm
find "$top/out" -name '*.rpm' -exec cp {} "$out" \;
rm -rf "$top"
ls -l "$out"/*.rpm
