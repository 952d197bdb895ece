"""A small Ray cluster on this machine, its nodes started by Ray's own command, as an operator starts them."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil

SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "3",
}
_START = ("-m", "ray.scripts.scripts", "start", "--block", "--num-cpus", "1", "--object-store-memory", "80000000")
_PORTS = ("--min-worker-port", "0", "--max-worker-port", "0")


class RayCluster:
    """Nodes with one CPU each; their processes work in `folder` and end with `end`."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        """`scratch` holds sockets, so its path must be short."""
        self._folder = folder
        self._scratch = scratch
        self._nodes: list[subprocess.Popen[bytes]] = []
        self.settings = SETTINGS | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}
        with socket.socket() as free:
            free.bind(("", 0))
            self._port = str(free.getsockname()[1])
        self.address = f"127.0.0.1:{self._port}"

    def start(self, nodes: int) -> None:
        """Start the head and further nodes, side by side: those wait for the head."""
        head = ("--head", "--port", self._port, "--include-dashboard", "false", "--temp-dir", str(self._scratch))
        for place in (head, *[("--address", self.address)] * (nodes - 1)):
            self._nodes.append(
                subprocess.Popen(
                    [sys.executable, *_START, *_PORTS, "--node-ip-address", "127.0.0.1", *place],
                    cwd=self._folder,
                    env={**os.environ, **self.settings},
                    stdin=subprocess.DEVNULL,
                    stdout=(self._folder / "ray.log").open("ab"),
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def kill_raylet(self, node: int) -> None:
        """Kill what makes a node one of the cluster's; Ray then ends what it ran."""
        children = psutil.Process(self._nodes[node].pid).children()
        next(child for child in children if child.name() == "raylet").kill()

    def node_of(self, pid: int) -> int:
        """The node on which a process runs."""
        above = {parent.pid for parent in psutil.Process(pid).parents()}
        return next(number for number, node in enumerate(self._nodes) if node.pid in above)

    def end(self) -> None:
        """End all nodes at once, with whatever they started."""
        started = [child for node in self._nodes for child in psutil.Process(node.pid).children(recursive=True)]
        for node in self._nodes:
            os.killpg(node.pid, signal.SIGKILL)
            node.wait()
        psutil.wait_procs(started, timeout=60)
