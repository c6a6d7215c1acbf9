"""A home's own Prefect server, as a child that dies with its parent.

Run as `python -m flows.server_process PORT`. The parent holds the other end of standard input and
never writes to it; when the parent is gone, however it went, the read ends and so does the server.
"""

from __future__ import annotations

import os
import sys
import threading
import time

import uvicorn

_GRACE_S = 5.0


def main() -> None:
    """Serve on the loopback address until standard input ends."""
    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="critical",
    )
    server = uvicorn.Server(config)
    threading.Thread(target=_watch, args=(server,), daemon=True).start()
    server.run()


def _watch(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(1):
        pass
    server.should_exit = True
    time.sleep(_GRACE_S)
    # Open connections may keep it: nothing here is the record of anything.
    os._exit(0)


if __name__ == "__main__":
    main()
