#!/bin/sh
# Makes tools/reference/.venv (ignored by git) with the pinned libraries, for Python 3.11 or newer.
# torch comes first and alone; TORCH_INDEX may name PyTorch's index of CPU builds, which spares gigabytes of CUDA. timm and transformers
# come without their dependencies: timm asks for torchvision, which torchvision_stub.py stands in for.
set -eu
cd "$(dirname "$0")"
"${PYTHON:-python3}" -m venv .venv
install() { .venv/bin/pip install --quiet --disable-pip-version-check "$@"; }
pinned() { grep "^$1==" requirements.txt; }
install "$(pinned torch)" ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
install --no-deps "$(pinned timm)" "$(pinned transformers)"
grep -Ev '^(#|torch==|timm==|transformers==)' requirements.txt > .venv/others.txt
install -r .venv/others.txt
.venv/bin/python -c "import torchvision_stub, timm, transformers; print('timm', timm.__version__, 'transformers', transformers.__version__)"
