# Two commands do everything: `make app` and `make test`. Both install what is missing first.
PYTHON ?= python3
PORT ?=
VENV := .venv
READY := $(VENV)/.installed

.PHONY: app test lint bench clean

app: $(READY)
	@$(VENV)/bin/lcc app $(if $(PORT),--port $(PORT))

test: $(READY)
	$(VENV)/bin/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

bench: $(READY)
	$(VENV)/bin/python -m pytest -q -s tests/benchmarks

# Pinned and in place; done again only when the requirements change.
$(READY): pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --no-input -c constraints.txt -e ".[dask,envi,onnx,test]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
