# Everything that a newcomer types. Each target does its own set-up.
.PHONY: run test bench bench-peers record-bench record-instructions package package-check setup

out := target/quickstart
weir := target/release/weir

run: setup
	cargo build --release --locked --package weir
	mkdir -p $(out)
	$(weir) build wasm-guest/rules -o $(out)/detections.wasm
	$(weir) run --module $(out)/detections.wasm --input configs/sample.ndjson --output $(out)/tagged.ndjson --show-match

test: setup
	cargo fmt --all --check
	cargo clippy --workspace --exclude weir-guest --exclude weir-guest-fluent-bit --all-targets --locked -- -D warnings
	cargo clippy --package weir-guest --package weir-guest-fluent-bit --target wasm32-unknown-unknown --target-dir target/guest --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --exclude weir-guest --exclude weir-guest-fluent-bit --no-deps --locked
	cargo test --locked
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; \
	else echo "skipped: cargo deny isn't installed"; fi

bench: setup
	cargo build --release --locked --package weir
	cargo bench --locked --package weir-tests --bench command --bench throughput --bench rules --bench relay --bench fluent_bit
	cargo bench --locked --package weir-lua --bench process

# What one would run instead of Weir, on the same events; the peers take a quarter of an hour to build.
bench-peers: setup
	cargo build --release --locked --package weir
	cargo build --release --locked --manifest-path tests/peers/Cargo.toml --target-dir target/peers \
		--package weir-peers-smartmodule --target wasm32-unknown-unknown
	cargo run --release --locked --manifest-path tests/peers/Cargo.toml --target-dir target/peers

# What the README shows; on a machine that does nothing else.
record-bench: bench
	mkdir -p tests/benches/recorded
	cp target/bench/results.json target/bench/*.svg tests/benches/recorded/

# After a change that is meant to make the guest faster, or that is worth what it costs.
record-instructions: setup
	UPDATE_GOLDEN=1 cargo test --locked --package weir-tests --test instructions
	git diff -- tests/data/instructions.json

# What a release holds, in target/package.
package: setup
	cargo build --release --locked --package weir --package weir-lua
	@cargo deb --version >/dev/null 2>&1 || cargo install --locked cargo-deb@3.8.0
	plugin/package.sh

# Is it whole, and would it be the same if it were made again?
package-check: package
	cd target/package && sha256sum --check --quiet SHA256SUMS
	rm -rf target/package.before && mv target/package target/package.before
	plugin/package.sh
	diff --recursive target/package.before target/package
	dpkg-deb --info target/package/*.deb
	dpkg-deb --contents target/package/*.deb

# rust-toolchain.toml names the toolchain and its target; a toolchain that was there before may lack the target.
setup:
	@rustup target list --installed | grep -qx wasm32-unknown-unknown || rustup target add wasm32-unknown-unknown
