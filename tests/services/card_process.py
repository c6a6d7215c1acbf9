"""A virtual card: `python -m tests.services.card_process MODULE:FUNCTION PORT [ARGUMENT ...]`.

Ends when its standard input does, and so with the process that started it.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading

from simulation.vpcd import VpcdCard

AGAIN_S = 0.6  # longer than the 0.4 s between two looks of pcscd: a removal is seen


def main() -> None:
    card, port, *arguments = sys.argv[1:]
    module, _, function = card.partition(":")
    source = getattr(importlib.import_module(module), function)(*arguments)
    threading.Thread(target=_end_with_input, daemon=True).start()
    with VpcdCard(source, "127.0.0.1", int(port), again_s=AGAIN_S) as served:
        assert served.wait_offered(20)
        sys.stdout.write("offered\n")
        sys.stdout.flush()
        threading.Event().wait()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
