# Facewright. `make` lists what there is; each target does its own set-up from nothing.
PYTHON ?= python3.11
VENV ?= .venv
VENV_BPY42 ?= .venv-bpy42
VENV_BPY45 ?= .venv-bpy45
VENV_BPY52 ?= .venv-bpy52
export PYTHON
RUN := $(VENV)/bin/python

.PHONY: help setup demo test check tests stubs addon bench clean

help:
	@echo "make demo    dub the example portrait in Blender: out/demo.mp4, .blend, .png"
	@echo "make test    every check and every test, in Blender 4.2, 4.5, 5.0 and 5.2 as well"
	@echo "make addon   build the Blender extension into dist/"
	@echo "make bench   measure speed on this machine"
	@echo "make stubs   generate the gRPC stubs from proto/"
	@echo "make setup   only the virtual environment, in $(VENV)"

setup:
	@.ci/setup $(VENV) user

.PHONY: setup-dev
setup-dev:
	@.ci/setup $(VENV) dev $(VENV_BPY42) bpy42 $(VENV_BPY45) bpy45 $(VENV_BPY52) bpy52

demo: setup
	@mkdir -p out
	$(RUN) -m addon dub examples/portrait.png examples/speech.wav \
	  -o out/demo.mp4 --blend out/demo.blend --sheet out/demo.png

test: setup-dev check tests

check:
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) proto/generate.py --check

tests:
	FACEWRIGHT_BPY42=$(VENV_BPY42)/bin/python FACEWRIGHT_BPY45=$(VENV_BPY45)/bin/python \
	FACEWRIGHT_BPY52=$(VENV_BPY52)/bin/python $(RUN) -m pytest

stubs: setup-dev
	$(RUN) proto/generate.py

addon: setup
	$(RUN) build_addon.py

bench: setup
	$(RUN) -m benchmarks

clean:
	rm -rf out dist build
