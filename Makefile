# 定编 · Dingbian. Needs python3 (3.11 or newer) and make; everything else is installed into .venv by hash.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

# Images of containers set it: each process would then compile all that it imports, every time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup up demo year test test-again test-postgres browser-setup screenshots words lint audit fuzz types format drill bench fonts lock clean

help: ## 列出全部命令 · list all commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## 准备环境 · set up the environment

# Only what the lock names, byte for byte; the project itself is linked, not copied.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "需要 Python 3.11 或更高版本 · Python 3.11 or newer is needed (PYTHON=…)"; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

up: $(STAMP) ## 启动全部，Ctrl-C 停止 · start everything, Ctrl-C stops it
	@$(BIN)/dingbian up

demo: $(STAMP) ## 走完一件用编 · run one complete staffing-up
	@$(BIN)/dingbian demo $(ARGS)

year: $(STAMP) ## 演示一整年的公文并打印 · one year of sample documents, printed
	@$(BIN)/python -m tests.support.year $(or $(OUT),build/year)

test: $(STAMP) ## 运行全部测试 · run every test
	$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

test-again: $(STAMP) ## 逐个重跑上次未过的测试 · run the tests that failed last time once more, one at a time
	$(BIN)/python -m pytest -n 1 --dist loadgroup --last-failed --last-failed-no-failures none $(ARGS)

test-postgres: $(STAMP) ## 全部测试只在 PostgreSQL 上 · every test on PostgreSQL alone
	TEST_ENGINE=postgresql ENGINE_TESTS=required $(BIN)/python -m pytest -n auto --dist loadgroup --ignore tests/browser $(ARGS)

browser-setup: $(STAMP) ## 为浏览器测试安装 Chromium · install a Chromium for the browser tests
	@$(BIN)/python -m tests.browser.install

screenshots: $(STAMP) ## 重新拍摄 docs/screens · take the pictures of docs/screens anew
	$(BIN)/python -m pytest tests/browser/screenshots.py $(ARGS)

words: $(STAMP) ## 列出界面文字缺少的英文 · list what the console does not say in English yet
	@$(BIN)/python -m console.catalogues

lint: $(STAMP) audit ## 检查风格、依赖和模板 · style, imports, dependencies, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m doc_templates.lint

audit: $(STAMP) ## 对照漏洞库审计依赖 · audit the dependencies (AUDIT=required: a service must answer)
	@$(BIN)/python -m tests.support.audit

fuzz: $(STAMP) ## 按接口文档随机试探（EXAMPLES=500 SEED=…） · fuzz the API by its document
	FUZZ_EXAMPLES=$(or $(EXAMPLES),300) FUZZ_SEED=$(or $(SEED),$$RANDOM) \
	  $(BIN)/python -m pytest -n auto --dist loadgroup tests/api/test_schema_fuzz.py $(ARGS)

types: $(STAMP) ## 检查类型 · check types
	$(BIN)/mypy

format: $(STAMP) ## 整理代码格式 · format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

drill: $(STAMP) ## 演练：各种故障 · a drill (SEED=1 ENGINE=sqlite|postgresql KILLS=12 CASES=24 FAULTS="kill disk-full")
	@$(BIN)/python -m tests.chaos.drill --seed $(or $(SEED),1) --engine $(or $(ENGINE),sqlite) \
	  --kills $(or $(KILLS),12) --cases $(or $(CASES),24) $(foreach each,$(FAULTS),--fault $(each)) $(ARGS)

bench: $(STAMP) ## 运行基准测试 · run the benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

fonts: $(STAMP) ## 取得预览用的公文字体，不入库 · fetch fonts for previews; they never enter the repository
	@$(BIN)/python -m records.fonts $(ARGS)

lock: ## 重新生成 requirements.lock · make requirements.lock anew
	@if command -v uv >/dev/null; then \
	  uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 --all-extras pyproject.toml -o requirements.lock; \
	elif command -v pip-compile >/dev/null; then \
	  pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-header \
	    --allow-unsafe --all-extras pyproject.toml -o requirements.lock; \
	else echo "需要 uv 或 pip-tools · uv or pip-tools is needed"; exit 2; fi

clean: ## 删除环境和缓存，保留数据 · remove environment and caches, keep the data
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
