"""Runs benchmarks one by one, each as the main program of a fork of this process, which has imported what most need.

Takes lines of JSON, each a benchmark's name, its arguments and a file for what it prints; answers with exit statuses.
"""

import json
import os
import runpy
import sys
import traceback

import evaluation.judging  # noqa: F401 - with torch and transformers, which take longer to import than most to run


def run(name: str, arguments: list[str]) -> int:
    """The status that it ends with as a program."""
    sys.argv = [name, *arguments]
    try:
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return int(ended.code or 0)
    except Exception:  # noqa: BLE001 - told, as the interpreter would
        traceback.print_exc()
        return 1
    return 0


for line in sys.stdin:
    name, arguments, printed = json.loads(line)
    if (child := os.fork()) == 0:
        os.dup2(os.open(printed, os.O_WRONLY | os.O_CREAT), sys.stdout.fileno())
        status = run(name, arguments)
        sys.stdout.flush()
        os._exit(status)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    sys.stdout.flush()
