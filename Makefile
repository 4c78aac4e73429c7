# `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-rest deep mutants soak catalogue gallery format constraints networks fonts clean

BIN := .venv/bin
# one thread per process and one process per core; tests of a file share a process and its fixtures,
# and the files come in the order of their names, since the last ones are quick; compiled modules are
# kept, even where the environment says otherwise, for the processes that tests start
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder
INSTALLED := .venv/.rnnviz-installed
INSTALLED_DEV := .venv/.rnnviz-installed-dev
INSTALLED_FROM := pyproject.toml constraints.txt tools/install.sh

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile

demo: $(INSTALLED) ## install what is missing, train a network and render a first video
	@$(BIN)/rnnviz render unrolling

test: $(INSTALLED_DEV) ## install what is missing, check the code and run the quick tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

test-all: $(INSTALLED_DEV) ## run all tests, including the slow ones
	$(PYTEST) -m ""

# Runs the slow tests for at most MINUTES, in an order determined by ORDER.
test-rest: $(INSTALLED_DEV)
	$(PYTEST) --dist=load -m slow --minutes=$(or $(MINUTES),20) --order=$(or $(ORDER),1)

deep: $(INSTALLED_DEV) ## run the property tests on many more examples, and all scenes on all kinds of traces
	$(PYTEST) --hypothesis-profile=deep \
		tests/recording tests/measure tests/rendering/test_skipping.py tests/explorer/test_engine*.py \
		tests/verification/test_verification.py tests/trace/test_trace.py
	$(PYTEST) -m deep

mutants: $(INSTALLED_DEV) ## break the code in 68 places, one at a time, and check that tests fail
	OMP_NUM_THREADS=1 $(BIN)/python tools/mutants.py

soak: $(INSTALLED) ## render all scenes repeatedly for SOAK_MINUTES (30) and check that memory does not grow
	OMP_NUM_THREADS=1 $(BIN)/python tools/soak.py

catalogue: $(INSTALLED_DEV) ## list the scenes and figures anew, after one was added or renamed
	$(BIN)/python tools/make_catalogue.py

gallery: $(INSTALLED_DEV) ## make all images of the README and docs
	$(BIN)/python tools/make_gallery.py
	$(BIN)/python tools/make_figures.py
	$(BIN)/python tools/make_export_images.py

format: $(INSTALLED_DEV) ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

constraints: $(INSTALLED_DEV) ## pin the installed packages in constraints.txt
	@sed -n '/^#/p' constraints.txt > constraints.txt.new
	@$(BIN)/python -m pip list --format=freeze --exclude=pip --exclude=rnnviz \
		| sed 's/+.*//' >> constraints.txt.new
	@mv constraints.txt.new constraints.txt

networks: $(INSTALLED_DEV) ## retrain the networks that tests use
	OMP_NUM_THREADS=1 $(BIN)/python tools/train_test_networks.py

# NOTO_CJK=FILE is the path of NotoSansCJK-Regular.ttc on a system without apt.
fonts: $(INSTALLED_DEV) ## rebuild the built-in font from Debian's fonts-noto-cjk
ifdef NOTO_CJK
	$(BIN)/python tools/make_fonts.py "$(NOTO_CJK)"
else
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && chmod 755 "$$folder" \
	&& (cd "$$folder" && apt-get download fonts-noto-cjk && dpkg -x fonts-noto-cjk_*.deb .) \
	&& $(BIN)/python tools/make_fonts.py \
		"$$folder/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
endif

clean: ## delete build and cache files; keep videos and .venv
	rm -rf build dist media *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(INSTALLED): $(INSTALLED_FROM)
	@tools/install.sh
	@touch $@

$(INSTALLED_DEV): $(INSTALLED_FROM)
	@tools/install.sh dev
	@touch $@ $(INSTALLED)
