# Two commands do everything: `make app` and `make test`. Both install what is missing first.
PYTHON ?= python3
PORT ?=
VENV := .venv
READY := $(VENV)/.installed

.PHONY: app test test-all lint bench clean

app: $(READY)
	@$(VENV)/bin/lcc app $(if $(PORT),--port $(PORT))

PYTEST := $(VENV)/bin/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(PYTEST)

# The same with many more rounds of what is random: kills, damaged files, full disks.
test-all: $(READY)
	LCC_KILLS=20 LCC_FUZZ=3000 LCC_DISK=full $(PYTEST)

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright

bench: $(READY)
	$(VENV)/bin/python -m pytest -q -s tests/benchmarks

# Pinned and in place; done again only when the requirements change.
$(READY): pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --no-input -c constraints.txt -e ".[dask,envi,onnx,test]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
