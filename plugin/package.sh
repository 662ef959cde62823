#!/usr/bin/env bash
# Puts into target/package what a release holds, made of what `make package` has built in target/release. The same builds of
# the same commit give the same bytes: times are the commit's, owners and the order of files don't depend on the machine.
set -euo pipefail
cd "$(dirname "$0")/.."

export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
umask 022

built=target/release
out=target/package
version=$("$built/weir" --version | cut -d' ' -f2)

rm -rf "$out"
mkdir -p "$out"

# Names of functions stay, for what a panic tells.
strip --strip-debug -o "$out/weir" "$built/weir"
strip --strip-debug -o "$out/weir.so" "$built/libweir_lua.so"
chmod 644 "$out/weir.so"

"$built/weir" build wasm-guest/rules -o "$out/detections.wasm"
"$built/weir" build wasm-guest/rules --for fluent-bit -o "$out/detections.fluent-bit.wasm"

cp -R configs README.md CHANGELOG.md LICENSE "$out"
cargo run --quiet --release --locked --package weir-tests --bin third-party >"$out/THIRD-PARTY.txt"
find "$out" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

cargo deb --quiet --locked --no-build --no-strip --package weir --output "$out/"

(
    cd "$out"
    folder=weir-$version-linux-$(uname -m)
    # Of what is here already, all but the Debian package.
    tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go-w \
        --transform="s,^\.,$folder," --exclude='./*.deb' --exclude='./*.tar' . | gzip --no-name >"../$folder.tar.gz"
    mv "../$folder.tar.gz" .
    find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS
)
