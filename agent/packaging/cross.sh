#!/usr/bin/env bash
# Builds a static flood-agent for an ARM gateway; see --help.
set -euo pipefail

help() {
    cat <<'HELP'
Usage: agent/packaging/cross.sh TARGET

Builds a static flood-agent for a gateway:

  aarch64-unknown-linux-musl         64-bit ARM
  armv7-unknown-linux-musleabihf     32-bit ARM with hardware floating point

The agent has C and assembly in it: its TLS (the crate ring). zig compiles both for any target and
links them, without a toolchain or headers of that target:

  * zig and cargo-zigbuild come from PyPI into the folder target/cross/zig (needs python3 with venv).

Where the toolchain lacks the target, `rustup target add` gets it. Where rustup cannot, the target's
standard library is built from source, with

  * rustc-web, cargo-web, rust-web-src from Debian 12; missing ones are installed when this runs as
    root, otherwise it says what to install and ends.

That takes some minutes more, once. Everything is built in target/cross, with the profile `cross`;
the binary is target/cross/TARGET/cross/flood-agent. Anything but a static binary for that machine
is an error (needs `file`).
HELP
}

say() { printf 'cross: %s\n' "$*"; }
die() {
    printf 'cross: %s\n' "$*" >&2
    exit 1
}

case "${1:-}" in
-h | --help)
    help
    exit
    ;;
aarch64-unknown-linux-musl) machine='ELF 64-bit LSB .*ARM aarch64' ;;
armv7-unknown-linux-musleabihf) machine='ELF 32-bit LSB .*ARM, EABI5' ;;
*)
    help >&2
    exit 2
    ;;
esac
[ $# -eq 1 ] || die "one target at a time"
target=$1

cd "$(dirname "$0")/../.."
out=target/cross
build=(build --locked --package agent --bin flood-agent --profile cross
    --target "$target" --target-dir "$out")

# Installs Debian packages that are missing, or says which.
debian() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "install first, as root: apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    apt-get update -q || say "apt-get update failed; trying with the lists that are there"
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
}

# Whether the toolchain has the target's standard library.
has_target() {
    local libraries
    libraries=$(rustc --print target-libdir --target "$target") && compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

# Gets zig, which compiles C and links for every target.
zig() {
    local versions=(ziglang==0.17.1 cargo-zigbuild==0.24.0) mark=$out/zig/installed
    [ "$(cat "$mark" 2>/dev/null)" != "${versions[*]}" ] || return 0
    # Debian's python3 comes without venv.
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3-venv
    say "getting zig into $out/zig"
    python3 -m venv --clear "$out/zig"
    "$out/zig/bin/pip" install -q --disable-pip-version-check "${versions[@]}"
    printf '%s\n' "${versions[*]}" >"$mark"
}

with_rust() {
    zig
    say "building with $(rustc --version) and zig"
    PATH="$PWD/$out/zig/bin:$PATH" cargo-zigbuild zig"${build[0]}" "${build[@]:1}"
}

with_debian() {
    command -v dpkg-query >/dev/null || die "without rustup's $target this needs Debian's packages; see --help"
    debian rustc-web cargo-web rust-web-src
    zig
    local compiler source
    compiler=$(dpkg-query -Wf '${Version}' rustc-web)
    source=$(dpkg-query -Wf '${Version}' rust-web-src)
    [ "$compiler" = "$source" ] || die "rustc-web $compiler and rust-web-src $source must be of one version"
    say "building with rustc-web $compiler, its standard library from source, and zig"
    # RUSTC_BOOTSTRAP lets a stable compiler build its own standard library; zig brings musl's
    # start files, so rustc must not ask for its own.
    env -u RUSTUP_TOOLCHAIN -u LD_LIBRARY_PATH \
        PATH="$PWD/$out/zig/bin:$PATH" CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc \
        RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C link-self-contained=no" \
        cargo-zigbuild zig"${build[0]}" "${build[@]:1}" -Z build-std=std,panic_abort
}

command -v file >/dev/null || debian file

if has_target; then
    with_rust
elif command -v rustup >/dev/null && say "getting $target with rustup" && RUST_BACKTRACE=0 rustup target add "$target"; then
    with_rust
else
    say "rustup cannot give $target: building its standard library from source"
    with_debian
fi

binary=$out/$target/cross/flood-agent
what=$(file --brief "$binary")
say "$binary"
say "$(stat --format %s "$binary") bytes"
say "$what"
grep -Eq "$machine" <<<"$what" || die "this is no program for $target"
grep -Eq 'statically linked|static-pie linked' <<<"$what" || die "this is not statically linked"
! grep -q interpreter <<<"$what" || die "this asks for a dynamic linker"
