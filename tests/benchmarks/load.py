"""A generator of load that costs little: requests made beforehand, a few kept connections, one thread, epoll.

It shares the machine with what it measures, so every microsecond here would be taken from both sides.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Load:
    """How a batch of requests went: `seconds` in all, each request's own, and how many were not answered 200."""

    seconds: float
    latencies: Sequence[float]
    refused: int

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def p50(self) -> float:
        """The median latency in milliseconds."""
        return median(self.latencies) * 1000

    @property
    def p99(self) -> float:
        """The 99th of 100 latencies in milliseconds."""
        return quantiles(self.latencies, n=100)[98] * 1000


def request(path: str, host: str, headers: dict[str, str], body: bytes) -> bytes:
    """One POST as bytes."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def pour(host: str, port: int, requests: Sequence[bytes], connections: int = 16) -> Load:
    """POST all of `requests`, each connection the next one as soon as it has its answer."""
    waiting = iter(requests)
    latencies: list[float] = []
    refused = 0
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(min(connections, len(requests))):
            plug = socket.create_connection((host, port))
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = _Line(plug)
            selector.register(plug, selectors.EVENT_READ, line)
            line.send(next(waiting))
        while selector.get_map():
            for key, _ in selector.select(30):
                line = key.data
                if not line.receive():
                    continue
                latencies.append(time.perf_counter() - line.sent)
                refused += line.status != b"200"
                following = next(waiting, None)
                if following is None:
                    selector.unregister(line.plug)
                    line.plug.close()
                else:
                    line.send(following)
    return Load(time.perf_counter() - began, latencies, refused)


class _Line:
    """A kept connection with at most one request under way."""

    def __init__(self, plug: socket.socket) -> None:
        self.plug, self.buffer, self.sent, self.status = plug, b"", 0.0, b""

    def send(self, data: bytes) -> None:
        self.buffer, self.sent = b"", time.perf_counter()
        self.plug.sendall(data)

    def receive(self) -> bool:
        """Whether the answer is complete."""
        part = self.plug.recv(65536)
        if not part:
            raise ConnectionError("The server closed the connection before it answered.")
        self.buffer += part
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        self.status = head[9:12]
        lower = head.lower()
        at = lower.find(b"content-length:")
        if at < 0:
            return lower.find(b"chunked") < 0 or rest.endswith(b"0\r\n\r\n")
        return len(rest) >= int(lower[at + 15 :].split(b"\r\n", 1)[0])
