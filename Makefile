# SPDX-License-Identifier: GPL-2.0-or-later
# The front door. CMake does the work; this installs what is missing, configures, and calls it.
# A LAMMPS of your own: LAMMPS_SOURCE_DIR=/path/of/lammps [LAMMPS_BUILD_DIR=…] make

BUILD = build
PREFIX = $(HOME)/.local
JOBS := $(shell nproc 2> /dev/null || echo 2)
FUZZ_SECONDS = 60
CMAKE_OPTIONS =

# A source tree named now has its own build; forget the one named last time.
lammps = $(if $(LAMMPS_SOURCE_DIR),-DLAMMPS_SOURCE_DIR="$(LAMMPS_SOURCE_DIR)" -ULAMMPS_BUILD_DIR) \
	$(if $(LAMMPS_BUILD_DIR),-DLAMMPS_BUILD_DIR="$(LAMMPS_BUILD_DIR)")
strict = $(if $(CI),-DMLGRAIN_WARNINGS_AS_ERRORS=ON)
need = cmake/install-dependencies.sh
# $(call configure,FOLDER,OPTIONS): a folder keeps the generator it was made with.
configure = cmake -S . -B $1 $$(test -e $1/CMakeCache.txt || ! command -v ninja > /dev/null || \
	echo -G Ninja) $(strict) $2 $(CMAKE_OPTIONS)
core_only = -DMLGRAIN_BUILD_PLUGIN=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo
check = ctest --output-on-failure
in_kokkos = cmake/get-kokkos-lammps.sh --run

sources = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cpp')
shallow = $(filter src/lammps/%.cpp src/%_kernel.c,$(sources))
scripts = $(shell git ls-files --cached --others --exclude-standard '*.sh' .ci/run)

.PHONY: all everything help demo test bench install configure test-sanitize test-emulated test-valgrind test-package \
	test-package-kokkos test-kokkos fuzz format check-format lint lint-kokkos clean

all: configure  ## build the plugin and the library
	cmake --build $(BUILD) -j $(JOBS) --target product

everything: configure ## build tests and benchmarks, too
	cmake --build $(BUILD) -j $(JOBS)

help:           ## say what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 20

configure:
	$(need) build test
	$(call configure,$(BUILD),$(lammps))

demo: all       ## a copper grain boundary and a nanocrystal: relaxed, analyzed, predicted, drawn
	$(need) pictures
	MLGRAIN_BUILD_DIR="$(abspath $(BUILD))" examples/demo/run.sh
	@echo
	MLGRAIN_BUILD_DIR="$(abspath $(BUILD))" examples/nanocrystal/run.sh
	@echo "The boundary is in $(BUILD)/demo, the nanocrystal in $(BUILD)/demo/nanocrystal."

test: everything ## run the tests; those for Kokkos too if `make test-kokkos` has run here before
	$(check) --test-dir $(BUILD) -j $(JOBS)
	@if cmake/get-kokkos-lammps.sh --cached > /dev/null; then $(MAKE) test-kokkos; else \
	  echo "The styles for Kokkos were not tested: there is no LAMMPS with KOKKOS in the cache;" \
	    "'make test-kokkos' makes one, as root."; fi

bench: everything ## time the styles
	$(need) pictures
	MLGRAIN_BUILD_DIR="$(abspath $(BUILD))" bench/run.sh

install: all    ## install into PREFIX (~/.local)
	cmake --install $(BUILD) --prefix "$(PREFIX)"

test-sanitize:  ## the core's tests with the address and undefined-behavior sanitizers
	$(need) build test
	$(call configure,build-sanitize,$(core_only) -DMLGRAIN_SANITIZE=address$(comma)undefined)
	cmake --build build-sanitize -j $(JOBS)
	$(check) --test-dir build-sanitize -j $(JOBS)

test-emulated:  ## the core's tests with kernels for AVX-512, without its instructions
	$(need) build test
	$(call configure,build-emulated,$(core_only) -DMLGRAIN_EMULATE_V4=ON)
	cmake --build build-emulated -j $(JOBS)
	$(check) --test-dir build-emulated -j $(JOBS) -L core -E core/test_simd # what the processor has

test-valgrind:  ## the core's tests under valgrind
	$(need) build test memcheck
	$(call configure,build-valgrind,$(core_only) \
	  "-DMLGRAIN_TEST_LAUNCHER=valgrind;--quiet;--leak-check=full;--error-exitcode=1")
	cmake --build build-valgrind -j $(JOBS)
	$(check) --test-dir build-valgrind -j $(JOBS) -L core

test-package:   ## build inside a LAMMPS tree, without plugins
	$(need) build
	unittest/package/test_package.sh

test-package-kokkos: ## the same with KOKKOS on (as root; gets a LAMMPS with KOKKOS first)
	$(need) build kokkos
	cmake/get-kokkos-lammps.sh > /dev/null
	$(in_kokkos) env LAMMPS_SOURCE_DIR=/lammps unittest/package/test_package.sh kokkos

test-kokkos:    ## test the styles for Kokkos (as root; gets a LAMMPS with KOKKOS first)
	$(need) kokkos
	cmake/get-kokkos-lammps.sh > /dev/null
	$(in_kokkos) cmake -S . -B build-kokkos -G Ninja $(strict) -DMLGRAIN_KOKKOS=ON \
	  -DLAMMPS_SOURCE_DIR=/lammps $(CMAKE_OPTIONS)
	$(in_kokkos) cmake --build build-kokkos -j $(JOBS) --target kokkos_tests
	$(in_kokkos) $(check) --test-dir build-kokkos -L kokkos

fuzz:           ## run each fuzz target for FUZZ_SECONDS
	$(need) build test fuzz
	CC=clang CXX=clang++ $(call configure,build-fuzz,$(core_only) \
	  -DMLGRAIN_SANITIZE=fuzzer-no-link$(comma)address$(comma)undefined)
	cmake --build build-fuzz -j $(JOBS)
	unittest/fuzz/run.sh build-fuzz $(FUZZ_SECONDS)

format:         ## format the C and C++ sources
	$(need) format
	clang-format -i $(sources)

check-format:   ## fail if `make format` would change anything
	$(need) format
	clang-format --dry-run --Werror $(sources)

lint: everything ## static analysis: clang-tidy, cppcheck, shellcheck
	$(need) lint
	mkdir -p $(BUILD)/lint/narrow # clang-tidy takes no flags that only gcc knows
	# Kernels are compiled for three levels: clang's analyzer, minutes of it, sees the widest. In their
	# loops, and where adaptors lead into the headers of LAMMPS, going deep would take minutes more.
	sed 's/-fno-gnu-unique//; /-march=x86-64-v[23]/{n;s,"file": ",&/narrow,}' \
	  $(BUILD)/compile_commands.json > $(BUILD)/lint/compile_commands.json
	sed '/-march=x86-64-v4/{n;s,"file": ",&/wide,}' \
	  $(BUILD)/compile_commands.json > $(BUILD)/lint/narrow/compile_commands.json
	status=0; \
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --std=c++17 \
	  --enable=warning,performance,portability --suppress=missingIncludeSystem \
	  -Isrc/core -Isrc/core/include src & \
	printf '%s\n' $(filter-out src/kokkos/% $(shallow),$(filter src/%.c src/%.cpp,$(sources))) | \
	  xargs -P $(JOBS) -n 1 clang-tidy --quiet -p $(BUILD)/lint || status=1; \
	printf '%s\n' $(shallow) | \
	  xargs -P $(JOBS) -n 1 clang-tidy --quiet -p $(BUILD)/lint \
	  $(addprefix --extra-arg=,-Xclang -analyzer-config -Xclang mode=shallow) || status=1; \
	printf '%s\n' $(filter src/%_kernel.c,$(sources)) | \
	  xargs -P $(JOBS) -n 1 clang-tidy --quiet -p $(BUILD)/lint/narrow \
	  --checks='-clang-analyzer-*' || status=1; \
	wait $$! || status=1; \
	shellcheck -x -P SCRIPTDIR $(scripts) || status=1; \
	exit $$status

lint-kokkos:    ## clang-tidy on the styles for Kokkos, minutes; after `make test-kokkos`
	$(need) lint
	mkdir -p build-kokkos/lint
	root=$$(cmake/get-kokkos-lammps.sh --cached)/root && \
	sed "s,-fno-gnu-unique,,; s, /lammps/, $$root/lammps/,g; s, /usr/include/k, $$root/usr/include/k,g" \
	  build-kokkos/compile_commands.json > build-kokkos/lint/compile_commands.json
	printf '%s\n' $(filter src/kokkos/%.cpp,$(sources)) | xargs -P $(JOBS) -n 1 clang-tidy --quiet \
	  -p build-kokkos/lint --header-filter=/src/kokkos/ --checks='-clang-analyzer-cplusplus.NewDelete*'

clean:          ## remove everything that was built here (not the LAMMPS in the cache)
	rm -rf $(BUILD) build-sanitize build-valgrind build-fuzz build-package build-package-kokkos build-kokkos

comma := ,
