#!/bin/bash
# SPDX-License-Identifier: MIT
# Our C is laid out as .clang-format says.
. tests/ktap.sh
need_cmd clang-format make
ok c_is_laid_out_as_agreed make -s --no-print-directory format-check

# The check itself refuses what is not.
not_ok another_layout_is_refused \
	clang-format --dry-run --Werror --style=file \
	--assume-filename="$TOP/keyring/x.c" <<<'int main ( ) {return 0;}'
done_testing
