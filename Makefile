# make demo    jets, tagger, explanations and report into runs/demo
# make toy     toy jets: taggers with and without expert variables compared, in runs/toy
# make cross   cross-attention of particles and objects: models compared, in runs/cross
# make quark   quark and gluon jets, and the gradient between them, in runs/quark
# make showers calorimeter showers with timing, and the field of their gradients, in runs/showers
# make vit     where a vision transformer looks in jet images, in runs/vit
# make test    everything that is checked
# make bench   timings, as a table of ratios
# make lint    style, types and layers only
# make venv    the environment only; the others make it where it is missing

PYTHON  ?= python3
WORKERS ?= 2
BIN     := .venv/bin
READY   := .venv/.ready

.PHONY: venv demo toy cross quark showers vit test bench lint clean

venv: $(READY)

$(READY): pyproject.toml constraints.txt peers.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	$(BIN)/python -m pip install --quiet --no-deps --requirement peers.txt
	touch $@

demo: $(READY)
	$(BIN)/jetlens run recipes/flavour.toml --preset quick --out runs/demo --workers $(WORKERS)

toy: $(READY)
	$(BIN)/jetlens run recipes/toy_xaug.toml --preset quick --out runs/toy --workers $(WORKERS)

cross: $(READY)
	$(BIN)/jetlens run recipes/cross_attention.toml --preset quick --out runs/cross --workers $(WORKERS)

quark: $(READY)
	$(BIN)/jetlens run recipes/quark_gluon.toml --preset quick --out runs/quark --workers $(WORKERS)

showers: $(READY)
	$(BIN)/jetlens run recipes/showers.toml --preset quick --out runs/showers --workers $(WORKERS)

vit: $(READY)
	$(BIN)/jetlens run recipes/vit_attention.toml --preset quick --out runs/vit --workers $(WORKERS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/python -m pytest -n $(WORKERS)

bench: $(READY)
	$(BIN)/python -m bench

clean:
	rm -rf .venv runs
