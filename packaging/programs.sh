#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs test programs that are built already, all of them whatever fails: packaging/programs.sh FILE [ARGUMENT...], with one
# path a line, and arguments for each.
# In a home that is thrown away afterwards and until then is like a developer's: with settings that no test can live
# with, and no test may touch.
set -u
mkdir -m 700 "$HOME/.gnupg" || exit 1
for file in .gnupg/gpg.conf .gnupg/gpg-agent.conf .gnupg/common.conf .bashrc .profile .zshenv .zshrc .config/fish/config.fish \
    .config/containers/registries.conf .config/containers/policy.json .docker/config.json .kube/config .rpmmacros .gitconfig; do
    mkdir -p "$(dirname "$HOME/$file")"
    echo "exit 77 # no test may read this" >"$HOME/$file"
done
home() { (cd "$HOME" && find . -printf '%p %m %s %T@\n' | LC_ALL=C sort); }
list=$1
shift
# Much of what tests do is to wait, for a server or for gpg's agent.
threads=$((2 * $(nproc)))
before=$(home)
status=0
while IFS= read -r program; do
    echo "     Running $program"
    "$program" --show-output --test-threads $threads "$@" </dev/null || { status=1; echo "FAILED: $program"; }
done <"$list"
if [ "$(home)" != "$before" ]; then
    status=1
    echo "FAILED: the tests changed the home directory:"
    home
fi
exit $status
