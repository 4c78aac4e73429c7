# rnnviz. `make help` says what can be done.
.DEFAULT_GOAL := help
.PHONY: help demo test deep soak gallery format constraints fonts clean

BIN := .venv/bin
# starts processes of its own, one for each core
CLUSTER := tests/rendering/test_cluster.py
INSTALLED := .venv/.rnnviz-installed
INSTALLED_DEV := .venv/.rnnviz-installed-dev
INSTALLED_FROM := pyproject.toml constraints.txt tools/install.sh

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile

demo: $(INSTALLED) ## install what is missing, record a network, render a first video
	@$(BIN)/rnnviz render unrolling

test: $(INSTALLED_DEV) ## install what is missing, check and test everything
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=auto --dist=worksteal --ignore=$(CLUSTER)
	OMP_NUM_THREADS=1 $(BIN)/pytest $(CLUSTER)

deep: $(INSTALLED_DEV) ## draw many more networks, traces and damages, and play scenes from all kinds
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=auto --dist=worksteal --hypothesis-profile=deep \
		tests/recording tests/measure tests/test_verification.py tests/test_trace.py
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses=auto --dist=worksteal -m deep

soak: $(INSTALLED) ## render every scene again and again for SOAK_MINUTES (30): memory must not grow
	OMP_NUM_THREADS=1 $(BIN)/python tools/soak.py

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
