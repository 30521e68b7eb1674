#!/usr/bin/env bash
# Builds a Debian package of a program; see --help.
set -euo pipefail

help() {
    cat <<'HELP'
Usage: agent/packaging/deb.sh agent [TARGET]
       agent/packaging/deb.sh aggregator

Builds a Debian package for this machine, or of the agent for a gateway (TARGET as for cross.sh), and
prints where it is. In it are the program, its systemd unit, which is neither enabled nor started, an
example of its configuration, the notices of everything that it is built from, and a bill of materials
(CycloneDX) in /usr/share/doc.

Needs dpkg-deb, and cargo-deb, which is built into target/deb once.
HELP
}

case "${1:-}" in
agent | aggregator) package=$1 ;;
-h | --help)
    help
    exit
    ;;
*)
    help >&2
    exit 2
    ;;
esac
target=${2:-}
[ -z "$target" ] || [ "$package" = agent ] || { help >&2 && exit 2; }

cd "$(dirname "$0")/../.."
tools=target/deb
[ -x "$tools/bin/cargo-deb" ] ||
    cargo install --quiet --locked --no-default-features --root "$tools" cargo-deb@3.8.0
cargo run --quiet --package verify -- licences sbom

pack=(deb --no-build --no-strip --package "$package" --output "$tools/")
if [ -n "$target" ]; then
    agent/packaging/cross.sh "$target"
    CARGO_TARGET_DIR=target/cross "$tools/bin/cargo-deb" "${pack[@]}" --target "$target" --profile cross
else
    cargo build --locked --release --package "$package" --bins
    "$tools/bin/cargo-deb" "${pack[@]}"
fi
