# SPDX-License-Identifier: Apache-2.0
# make          builds the program
# make try      installs what is missing, builds, verifies a signed image and shows the recorded verdict
# make check    installs what is missing and runs all tests
# make check-debian-13, make check-ordinary-user    run the same tests in a Debian 13, and without privileges (as root)
# make fuzz     runs each fuzzing target for SECONDS (fuzz/run says which there are)
# make faults   lets system calls fail in runs of the program for SECONDS (faults/run says how), by SEED
# make mutants  says what the tests notice of mends that are taken out and of lines that are wrong (mutants/run says how)
# make coverage how many lines of what decides on verdicts and records the tests reach
# make install  DESTDIR= PREFIX=/usr/local
# make dist     source tarball and tarball of the crates, in packaging/out
# make rpm, make deb    packages from these, in packaging/out as well
# make check-packages   builds, inspects, installs, tries and removes the packages

PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo
CARGO_FLAGS ?= --locked
# For another machine: CARGO_BUILD_TARGET=aarch64-unknown-linux-gnu, with the linker and pkg-config in the environment.
BINARY = $(or $(CARGO_TARGET_DIR),target)/$(if $(CARGO_BUILD_TARGET),$(CARGO_BUILD_TARGET)/)release/image-signature
INSTALL = install
INSTALL_DATA = $(INSTALL) -D -m 644
INSTALL_PROGRAM = $(INSTALL) -D -m 755
BINDIR = $(DESTDIR)$(PREFIX)/bin
DOCDIR ?= $(PREFIX)/share/doc/image-signature
LICENSEDIR ?= $(PREFIX)/share/licenses/image-signature
MANDIR ?= $(PREFIX)/share/man
# The manual page names the schema where packages put it.
DATADIR ?= $(PREFIX)/share/image-signature
# Nothing enables or starts what is there.
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Other names of the program and the pages that they share.
OTHER_PAGES = verify-image-signature:image-signature-verify oc-image_signature:image-signature \
	kubectl-image_signature:image-signature oc_complete-image_signature:image-signature-completion \
	kubectl_complete-image_signature:image-signature-completion

EXAMPLE = tests/data/example
EXAMPLE_FILES = image.json release-key.asc $(patsubst $(EXAMPLE)/%,%,$(wildcard $(EXAMPLE)/image/*))
IDENTITY = registry.local:5000/foo/bar
KEY = --public-key $(EXAMPLE)/release-key.asc
# Where make try puts the copy that it records in.
TRY ?= target

SECONDS ?= 10

.PHONY: all build try check check-debian-13 check-ordinary-user deps deps-check test fuzz faults mutants coverage dist rpm deb check-packages bench install clean

# What is missing is named; build itself takes what there is, as packages need it.
all:
	@packaging/deps.sh --tell build
	@$(MAKE) --no-print-directory build

build:
	$(CARGO) build $(CARGO_FLAGS) --release

deps:
	@packaging/deps.sh build

deps-check:
	@packaging/deps.sh check

try: deps build
	@echo; echo "1. The image that was asked for, signed by a key that is trusted:"
	"$(BINARY)" verify -f $(EXAMPLE)/image.json $(KEY) --expected-identity $(IDENTITY):v1
	@echo; echo "2. The same image where another one was asked for, with every check (exit status 1):"
	@echo '$(BINARY) verify -f $(EXAMPLE)/image.json $(KEY) --expected-identity $(IDENTITY):v2 --explain'; \
	"$(BINARY)" verify -f $(EXAMPLE)/image.json $(KEY) --expected-identity $(IDENTITY):v2 --explain; test $$? -eq 1
	@echo; echo "3. The verdict recorded on a copy of the Image object, and what is recorded there:"
	@mkdir -p "$(TRY)"
	cp $(EXAMPLE)/image.json "$(TRY)/example.json"
	"$(BINARY)" verify -f "$(TRY)/example.json" $(KEY) --expected-identity $(IDENTITY):v1 --confirm
	"$(BINARY)" describe -f "$(TRY)/example.json"
	@echo; echo 'The program is $(BINARY); "make install" puts it into $(PREFIX), as root. README.md says what else it does.'

check: deps-check
	@packaging/check.sh

check-debian-13:
	@packaging/deps.sh debian-13
	@packaging/tests.sh debian-13

check-ordinary-user: deps-check
	@packaging/tests.sh ordinary-user

# For package builds: what they have decides which tests run. The others print a line that says SKIPPED.
test:
	$(CARGO) test $(CARGO_FLAGS) --workspace --no-fail-fast -- --show-output

fuzz:
	@packaging/deps.sh fuzz
	@fuzz/run $(SECONDS)

faults: deps
	@faults/run $(SECONDS) $(SEED)

mutants:
	@packaging/deps.sh check
	@mutants/run $(SECONDS)

coverage:
	@packaging/deps.sh coverage
	@mutants/coverage

dist:
	packaging/sources.sh

# What is missing is named before anything is made.
rpm:
	@packaging/deps.sh --tell rpm
	packaging/sources.sh
	packaging/rpm.sh

deb:
	@packaging/deps.sh --tell deb
	packaging/sources.sh
	packaging/deb.sh

check-packages:
	packaging/deps.sh packages
	packaging/check-packages.sh

# What is built already is installed as it is. packaging/files.txt lists it all. The program is not run where the source
# tarball brings the completions.
install:
	@test -e "$(BINARY)" || $(MAKE) all
	$(INSTALL_PROGRAM) "$(BINARY)" "$(BINDIR)/image-signature"
	$(INSTALL_PROGRAM) packaging/verify-image-signature "$(BINDIR)/verify-image-signature"
	ln -sf image-signature "$(BINDIR)/oc-image_signature"
	ln -sf image-signature "$(BINDIR)/kubectl-image_signature"
	$(INSTALL_PROGRAM) packaging/complete-image_signature "$(BINDIR)/oc_complete-image_signature"
	ln -sf oc_complete-image_signature "$(BINDIR)/kubectl_complete-image_signature"
	for page in man/*.1; do $(INSTALL_DATA) "$$page" "$(DESTDIR)$(MANDIR)/man1/$${page#man/}" || exit 1; done
	$(INSTALL_DATA) man/image-signature-output.5 "$(DESTDIR)$(MANDIR)/man5/image-signature-output.5"
	$(INSTALL_DATA) packaging/output.schema.json "$(DESTDIR)$(DATADIR)/output.schema.json"
	$(INSTALL_DATA) packaging/controls.json "$(DESTDIR)$(DATADIR)/controls.json"
	for file in packaging/kubernetes/*; do \
		$(INSTALL_DATA) "$$file" "$(DESTDIR)$(DATADIR)/kubernetes/$${file##*/}" || exit 1; done
	for unit in packaging/systemd/*; do $(INSTALL_DATA) "$$unit" "$(DESTDIR)$(UNITDIR)/$${unit##*/}" || exit 1; done
	for pair in $(OTHER_PAGES); do \
		echo ".so man1/$${pair#*:}.1" >"$(DESTDIR)$(MANDIR)/man1/$${pair%:*}.1" || exit 1; \
		chmod 644 "$(DESTDIR)$(MANDIR)/man1/$${pair%:*}.1"; done
	@completions=completions; \
	test -d $$completions || { completions=$$(mktemp -d) && packaging/completions.sh "$$completions" "$(BINARY)"; } && \
	$(INSTALL_DATA) "$$completions/image-signature.bash" "$(DESTDIR)$(BASHDIR)/image-signature" && \
	$(INSTALL_DATA) "$$completions/_image-signature" "$(DESTDIR)$(ZSHDIR)/_image-signature" && \
	$(INSTALL_DATA) "$$completions/image-signature.fish" "$(DESTDIR)$(FISHDIR)/image-signature.fish" && \
	ln -sf image-signature "$(DESTDIR)$(BASHDIR)/verify-image-signature" && \
	ln -sf image-signature.fish "$(DESTDIR)$(FISHDIR)/verify-image-signature.fish" && \
	{ test $$completions = completions || rm -r "$$completions"; }
	$(INSTALL_DATA) LICENSE "$(DESTDIR)$(LICENSEDIR)/LICENSE"
	$(INSTALL_DATA) README.md "$(DESTDIR)$(DOCDIR)/README.md"
	for file in $(EXAMPLE_FILES); do \
		$(INSTALL_DATA) "$(EXAMPLE)/$$file" "$(DESTDIR)$(DOCDIR)/examples/$$file" || exit 1; done

bench: build
	$(CARGO) bench $(CARGO_FLAGS)

clean:
	$(CARGO) clean
	rm -rf packaging/out vendor fuzz/target
