# Rules for an artifact in C: `include` this in its Makefile. `watchbox build` runs `make MODULE=FILE FILE`; `make test` runs test_*.c natively.

WATCHBOX_SDK := $(dir $(lastword $(MAKEFILE_LIST)))
SOURCES ?= $(filter-out test_%.c,$(wildcard *.c))
MODULE ?= module.wasm
CLANG ?= clang-19
CC ?= cc
CFLAGS ?= -std=c11 -Wall -Wextra -Werror -Wno-missing-braces

SDK_SOURCES := $(addprefix $(WATCHBOX_SDK)src/,json.c json_read.c msgpack.c rows.c turn.c)
SDK_HEADERS := $(wildcard $(WATCHBOX_SDK)include/*.h $(WATCHBOX_SDK)src/*.h $(WATCHBOX_SDK)testing/*.h)
TESTING := $(wildcard $(WATCHBOX_SDK)testing/*.c)
SDK_FLAGS := -I$(WATCHBOX_SDK)include -I$(WATCHBOX_SDK)src -I$(WATCHBOX_SDK)testing

.PHONY: test
.DEFAULT_GOAL := test

# A reactor: no `main`. Functions that nothing calls go, and with them the imports that only they use. The file names of faults are the author's.
$(MODULE): $(SOURCES) $(SDK_SOURCES) $(SDK_HEADERS) $(WATCHBOX_SDK)src/component.c $(WATCHBOX_SDK)src/contract/contract.c
	$(CLANG) --target=wasm32-wasi -mexec-model=reactor -O3 -flto -msimd128 -ffunction-sections -fdata-sections -Wl,--gc-sections,--strip-all \
		$(CFLAGS) $(SDK_FLAGS) -Wno-unused-parameter -o $@ $(SOURCES) $(SDK_SOURCES) $(WATCHBOX_SDK)src/component.c $(WATCHBOX_SDK)src/contract/contract.c

# Natively, with the host played, under the sanitizers. Each test_*.c has a `main`.
test: $(basename $(wildcard test_*.c))
	@status=0; for test in $^; do ./$$test || status=1; done; rm -f $^; exit $$status

test_%: test_%.c $(SOURCES) $(SDK_SOURCES) $(SDK_HEADERS) $(TESTING)
	$(CC) $(CFLAGS) $(SDK_FLAGS) -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $< $(SOURCES) $(SDK_SOURCES) \
		$(TESTING) -lm
