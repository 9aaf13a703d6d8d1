# Needs Python 3.11 or newer, a C++20 compiler, make, and the package registry. All that is built and
# installed stays below this folder. A target that is up to date costs nothing.

PYTHON ?= python3
WORKERS ?= 2
SECONDS ?= 600

VENV := .venv
PARITY := .parity-venv
WHEEL := dist/.built
SOURCES := $(shell find src csrc -type f ! -name '*.pyc' ! -name '*.so*' 2>/dev/null) \
	CMakeLists.txt LICENSE $(wildcard licenses/*) README.md pyproject.toml

.PHONY: demo test fuzz sanitize parity conformance conformance-check bench bench-operators docs \
	gpu-check clean
.DELETE_ON_ERROR:

# Trains LeNet on the handwritten digits that come with the package.
demo: $(VENV)/.installed-cli
	rm -rf runs/demo
	$(VENV)/bin/rushlight train --dataset digits --model lenet --epochs 5 --out runs/demo

# Linter, types, and all tests: with the C++ kernels, and with NumPy's alone those that see kernels.
test: $(VENV)/.installed-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest -n $(WORKERS)
	RUSHLIGHT_NATIVE=0 $(VENV)/bin/pytest -n $(WORKERS) -m "not slow and not any_kernels"

# Each fuzzer for SECONDS, where `make test` gives it three.
fuzz: $(VENV)/.installed-test
	$(VENV)/bin/pytest -n $(WORKERS) -m fuzz --fuzz-seconds $(SECONDS)

# The extension's tests with a build of it that AddressSanitizer and UndefinedBehaviorSanitizer watch.
# Memory that Python does not free at its end is not looked for, and the tests of too little memory are
# left out: the sanitizer's own share of the address space is more.
SANITIZE := build/sanitize
sanitize: $(VENV)/.installed-test
	$(VENV)/bin/pip install --quiet cmake ninja nanobind onednn-devel-cpu-gomp
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH cmake -S . -B $(SANITIZE) -G Ninja \
		-DCMAKE_BUILD_TYPE=Sanitize -DCMAKE_INSTALL_PREFIX=$(CURDIR)/$(SANITIZE)/src
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH cmake --build $(SANITIZE) --target install
	cp -r src/. $(SANITIZE)/kept && cp $(SANITIZE)/src/rushlight/* $(SANITIZE)/kept/rushlight
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		PYTHONPATH=$(SANITIZE)/kept $(VENV)/bin/pytest -q -k "not out_of_memory and not without_memory" \
		tests/test_native_*.py tests/test_kernels.py

# The same samples through Rushlight and through PyTorch.
parity: $(PARITY)/.installed
	$(PARITY)/bin/pytest -n $(WORKERS) --parity tests/parity

# PyTorch's own databases of operators, modules and optimizers, run through both: what passes of them.
conformance: $(PARITY)/.installed
	$(PARITY)/bin/python conformance/operators.py --workers $(WORKERS)
	$(PARITY)/bin/python conformance/modules.py --workers $(WORKERS)
	$(PARITY)/bin/python conformance/optimizers.py

# A fixed part of it: whether each entry that passed still does, by its first samples.
conformance-check: $(PARITY)/.installed
	$(PARITY)/bin/python conformance/operators.py --workers $(WORKERS) --samples 10 \
		--check conformance/passing.txt
	$(PARITY)/bin/python conformance/modules.py --workers $(WORKERS) --samples 3 \
		--check conformance/passing_modules.txt
	$(PARITY)/bin/python conformance/optimizers.py --check conformance/passing_optimizers.txt

# Times and memory of both, in alternation.
bench: $(PARITY)/.installed
	$(PARITY)/bin/python benchmarks/compare.py

# Times of every operator, by size and memory order.
bench-operators: $(PARITY)/.installed
	$(PARITY)/bin/python benchmarks/operators.py

# The documents and the reference as HTML: build/docs/index.html.
docs: $(VENV)/.installed-docs
	$(VENV)/bin/python tools/reference.py
	$(VENV)/bin/sphinx-build -q -W --keep-going docs build/docs

# What only a GPU shows: the sample table on `cuda`, and a training there. Needs no build; CuPy,
# pytest-xdist, Pillow, matplotlib and tqdm must be installed for $(PYTHON).
gpu-check: export PYTHONPATH := src
gpu-check: export RUSHLIGHT_NATIVE := 0
gpu-check:
	rm -rf runs/gpu-check
	$(PYTHON) -c 'import rushlight; assert rushlight.cuda.is_available(), "no usable GPU"'
	$(PYTHON) -m rushlight train --device cuda --epochs 2 --out runs/gpu-check
	$(PYTHON) -m pytest -q -n $(WORKERS) -k cuda tests

clean:
	rm -rf $(VENV) $(PARITY) build dist docs/reference .pytest_cache .mypy_cache .ruff_cache

%/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Rushlight needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $*

$(WHEEL): $(SOURCES) | $(VENV)/bin/python
	rm -rf dist
	$(VENV)/bin/pip wheel --quiet --no-deps --wheel-dir dist .
	touch $@

# The version stays while the sources change, so that pip must be told to install the wheel again.
$(VENV)/.installed-%: $(WHEEL) | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --no-deps --force-reinstall dist/*.whl
	$(VENV)/bin/pip install --quiet "$$(echo dist/*.whl)[$*]"
	touch $@

$(PARITY)/.torch: | $(PARITY)/bin/python
	$(PARITY)/bin/pip install --quiet torch==2.13.0 numpy 'pytest>=8' 'pytest-xdist>=3.5'
	touch $@

$(PARITY)/.installed: $(WHEEL) $(PARITY)/.torch
	$(PARITY)/bin/pip install --quiet --no-deps --force-reinstall dist/*.whl
	$(PARITY)/bin/pip install --quiet dist/*.whl scipy expecttest  # what it and the database need
	$(PARITY)/bin/pip install --quiet pillow
	$(PARITY)/bin/pip install --quiet --no-deps torchvision==0.28.0  # with another PyTorch, else
	touch $@
