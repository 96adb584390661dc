"""Sends or takes bytes over TCP: so many within so many seconds, or at a pace."""

import socket
import sys
import time

CHUNK = b"x" * 65536


def send(source: str, target: str, port: int, megabytes: int, seconds: float) -> None:
    """Send, and wait until the other end says that all of it arrived."""
    deadline = time.monotonic() + seconds
    left = megabytes * 1_000_000
    way = connected(source, target, port, deadline)
    try:
        while left:
            way.settimeout(max(deadline - time.monotonic(), 0.01))
            left -= way.send(CHUNK[: min(left, len(CHUNK))])
        way.shutdown(socket.SHUT_WR)
        way.settimeout(max(deadline - time.monotonic(), 0.01))
        heard = int(way.recv(20) or b"0")
    except TimeoutError:
        raise SystemExit(f"stalled, with {left / 1e6:.1f} MB not sent after {seconds:g} s") from None
    if heard != megabytes * 1_000_000:
        raise SystemExit(f"{heard / 1e6:.1f} MB arrived")


def connected(source: str, target: str, port: int, deadline: float) -> socket.socket:
    """Connect, once the other end listens."""
    while True:
        way = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        way.settimeout(max(deadline - time.monotonic(), 0.1))
        way.bind((source, 0))
        try:
            way.connect((target, port))
        except ConnectionRefusedError:
            way.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return way


def pace(source: str, target: str, port: int, rate: int, seconds: float) -> None:
    """Send so many bits a second for so long, and print how many a second arrived."""
    way = connected(source, target, port, time.monotonic() + seconds)
    way.settimeout(seconds * 3)
    began = time.monotonic()
    sent, total = 0, int(rate * seconds / 8)
    while sent < total:
        due = min(total, int((time.monotonic() - began) * rate / 8))
        if due <= sent:
            time.sleep(0.002)
            continue
        sent += way.send(CHUNK[: min(due - sent, len(CHUNK))])
    way.shutdown(socket.SHUT_WR)
    heard = int(way.recv(20) or b"0")
    took = max(time.monotonic() - began, seconds)
    sys.stdout.write(f"{heard * 8 / took}\n")


def receive(address: str, port: int, seconds: float) -> None:
    """Take one connection's bytes, and say how many they were."""
    taking = socket.create_server((address, port))
    taking.settimeout(seconds)
    way, _ = taking.accept()
    way.settimeout(seconds)
    heard = 0
    while chunk := way.recv(len(CHUNK)):
        heard += len(chunk)
    way.sendall(str(heard).encode())


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "send":
        send(rest[0], rest[1], int(rest[2]), int(rest[3]), float(rest[4]))
    elif verb == "pace":
        pace(rest[0], rest[1], int(rest[2]), int(rest[3]), float(rest[4]))
    else:
        receive(rest[0], int(rest[1]), float(rest[2]))
