"""A road to a server that others use too: it can be closed, so that the server is away for whoever came by it.

To stop the machine's only RabbitMQ would take it from every other test.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Self

PIECE = 1 << 16


class Road:
    """Listens on a port of its own and carries bytes to and fro; `closed` and `opened` again at will."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._guard = threading.Lock()
        self._cars: set[socket.socket] = set()
        self._drivers: list[threading.Thread] = []
        self._gate = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._gate.getsockname()[1]
        self._wave_through()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Whoever is on it is cut off, whoever comes is refused."""
        with suppress(OSError):  # it is closed already
            self._gate.shutdown(socket.SHUT_RDWR)
        self._gate.close()
        with self._guard:
            for car in self._cars:
                with suppress(OSError):
                    car.shutdown(socket.SHUT_RDWR)
        for driver in self._drivers:
            driver.join(10)
        self._drivers.clear()

    def open(self) -> None:
        """Let them through again."""
        self._gate = socket.create_server(("127.0.0.1", self.port))
        self._wave_through()

    def _wave_through(self) -> None:
        self._drive(self._accept, self._gate)

    def _drive(self, way: object, *sockets: socket.socket) -> None:
        driver = threading.Thread(target=way, args=sockets, name="road", daemon=True)  # type: ignore[arg-type]
        self._drivers.append(driver)
        driver.start()

    def _accept(self, gate: socket.socket) -> None:
        while True:
            try:
                near, _ = gate.accept()
            except OSError:  # closed
                return
            self._drive(self._carry, near)

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(self._to, 5) as far:
            far.settimeout(None)
            with self._guard:
                self._cars |= {near, far}
            try:
                across = {near: far, far: near}
                while True:
                    for car in select.select([near, far], [], [])[0]:
                        piece = car.recv(PIECE)
                        if not piece:
                            return
                        across[car].sendall(piece)
            finally:
                with self._guard:
                    self._cars -= {near, far}
