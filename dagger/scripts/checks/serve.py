"""serve.py COMMAND: serves the current folder on a free port while a shell runs COMMAND with its address in $ADDRESS."""

import http.server
import os
import subprocess
import sys
import threading


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """What was asked for is of no interest."""


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "ADDRESS": f"http://127.0.0.1:{server.server_port}"}
    done = subprocess.run(["sh", "-c", sys.argv[1]], env=environment)
    server.shutdown()
sys.exit(done.returncode)
