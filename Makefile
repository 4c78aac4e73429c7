# rnnviz. `make help` says what can be done.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-rest deep mutants soak catalogue gallery format constraints networks fonts clean

BIN := .venv/bin
# one thread a process, since there is a process for each core; a group of tests shares a process
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=auto --dist=loadgroup
INSTALLED := .venv/.rnnviz-installed
INSTALLED_DEV := .venv/.rnnviz-installed-dev
INSTALLED_FROM := pyproject.toml constraints.txt tools/install.sh

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile

demo: $(INSTALLED) ## install what is missing, record a network, render a first video
	@$(BIN)/rnnviz render unrolling

test: $(INSTALLED_DEV) ## install what is missing, check the code, and run the quick tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

test-all: $(INSTALLED_DEV) ## run every test, the slow ones as well
	$(PYTEST) -m ""

# What is marked slow, for MINUTES at the most, in an order that ORDER decides.
test-rest: $(INSTALLED_DEV)
	$(PYTEST) --no-loadscope-reorder -m slow --minutes=$(or $(MINUTES),20) --order=$(or $(ORDER),1)

deep: $(INSTALLED_DEV) ## draw many more networks, traces and damages, and play scenes from all kinds
	$(PYTEST) --hypothesis-profile=deep \
		tests/recording tests/measure tests/rendering/test_skipping.py \
		tests/verification/test_verification.py tests/trace/test_trace.py
	$(PYTEST) -m deep

mutants: $(INSTALLED_DEV) ## break the code in 60 places, one after the other: the tests must notice
	OMP_NUM_THREADS=1 $(BIN)/python tools/mutants.py

soak: $(INSTALLED) ## render every scene again and again for SOAK_MINUTES (30): memory must not grow
	OMP_NUM_THREADS=1 $(BIN)/python tools/soak.py

catalogue: $(INSTALLED_DEV) ## list the scenes and figures anew, after one was added or renamed
	$(BIN)/python tools/make_catalogue.py

gallery: $(INSTALLED_DEV) ## draw all pictures of README and docs
	$(BIN)/python tools/make_gallery.py
	$(BIN)/python tools/make_figures.py
	$(BIN)/python tools/make_exits.py

format: $(INSTALLED_DEV) ## put the code into its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

constraints: $(INSTALLED_DEV) ## pin what is installed in constraints.txt
	@sed -n '/^#/p' constraints.txt > constraints.txt.new
	@$(BIN)/python -m pip list --format=freeze --exclude=pip --exclude=rnnviz \
		| sed 's/+.*//' >> constraints.txt.new
	@mv constraints.txt.new constraints.txt

networks: $(INSTALLED_DEV) ## train the networks again that tests use without training them
	OMP_NUM_THREADS=1 $(BIN)/python tools/train_test_networks.py

# NOTO_CJK=FILE names NotoSansCJK-Regular.ttc where there is no apt.
fonts: $(INSTALLED_DEV) ## make the shipped font again from Debian's fonts-noto-cjk
ifdef NOTO_CJK
	$(BIN)/python tools/make_fonts.py "$(NOTO_CJK)"
else
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && chmod 755 "$$folder" \
	&& (cd "$$folder" && apt-get download fonts-noto-cjk && dpkg -x fonts-noto-cjk_*.deb .) \
	&& $(BIN)/python tools/make_fonts.py \
		"$$folder/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
endif

clean: ## delete what was built and cached; videos and .venv stay
	rm -rf build dist media *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(INSTALLED): $(INSTALLED_FROM)
	@tools/install.sh
	@touch $@

$(INSTALLED_DEV): $(INSTALLED_FROM)
	@tools/install.sh dev
	@touch $@ $(INSTALLED)
