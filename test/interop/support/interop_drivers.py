"""Drivers that the interoperability tests run in Jumpstarter's own exporter, where upstream has none without hardware."""

import asyncio
import hashlib
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from anyio import create_memory_object_stream
from anyio.streams.stapled import StapledObjectStream

from jumpstarter.driver import Driver, export, exportstream

ERRORS = {
    "NotImplementedError": NotImplementedError,
    "ValueError": ValueError,
    "TimeoutError": TimeoutError,
    "ConnectionError": ConnectionError,
    "OSError": OSError,
    "RuntimeError": RuntimeError,
    "KeyError": KeyError,
}


@dataclass(kw_only=True)
class Probe(Driver):
    """Raises, hangs, logs and measures, as it is told."""

    at_work: dict = field(default_factory=lambda: {"hang": 0, "tick": 0, "connect": 0})

    @contextmanager
    def working(self, method):
        self.at_work[method] += 1
        try:
            yield
        finally:
            self.at_work[method] -= 1

    @export
    def running(self):
        return self.at_work

    @classmethod
    def client(cls):
        return "jumpstarter.client.DriverClient"

    @export
    def echo(self, value):
        return value

    @export
    def fail(self, kind, message):
        raise ERRORS[kind](message)

    @export
    async def fail_stream(self, kind, message):
        yield 1
        raise ERRORS[kind](message)

    @export
    async def hang(self):
        with self.working("hang"):
            await asyncio.sleep(3600)

    @export
    async def tick(self):
        with self.working("tick"):
            while True:
                yield 1
                await asyncio.sleep(0.05)

    @export
    def say(self, message):
        self.logger.warning(message)

    @exportstream
    @asynccontextmanager
    async def connect(self):
        tx, rx = create_memory_object_stream[bytes](32)
        with self.working("connect"):
            async with StapledObjectStream(tx, rx) as stream:
                yield stream


@dataclass(kw_only=True)
class HashingFlasher(Driver):
    """Keeps nothing of an image but its length and SHA-256. The target "slow" takes its time."""

    last: dict = field(default_factory=dict)
    at_work: int = 0
    broken: list = field(default_factory=list)

    @classmethod
    def client(cls):
        return "jumpstarter_driver_opendal.client.FlasherClient"

    @export
    async def flash(self, source, target=None):
        digest, length = hashlib.sha256(), 0
        self.at_work += 1
        try:
            async with self.resource(source) as res:
                async for chunk in res:
                    digest.update(chunk)
                    length += len(chunk)
                    if target == "slow":
                        await asyncio.sleep(0.02)
            self.last = {"sha256": digest.hexdigest(), "length": length}
        except BaseException as error:
            self.broken.append(repr(error))
            raise
        finally:
            self.at_work -= 1

    @export
    def flashing(self):
        return {"running": self.at_work, "broken": self.broken}

    @export
    async def dump(self, target, partition=None):
        block = bytes(range(256)) * 256
        async with self.resource(target) as res:
            for _ in range(16):
                await res.send(block)

    @export
    def flashed(self):
        return self.last


@dataclass(kw_only=True)
class VirtualPower(Driver):
    state: str = "unknown"

    @classmethod
    def client(cls):
        return "jumpstarter_driver_power.client.VirtualPowerClient"

    @export
    def on(self):
        self.state = "on"

    @export
    def off(self, destroy: bool = False):
        self.state = "destroyed" if destroy else "off"

    @export
    async def read(self):
        yield {"voltage": 3.3, "current": 0.25}


@dataclass(kw_only=True)
class OutputPin(Driver):
    level: int = 0

    @classmethod
    def client(cls):
        return "jumpstarter_driver_gpiod.client.DigitalOutputClient"

    @export
    def on(self):
        self.level = 1

    @export
    def off(self):
        self.level = 0

    @export
    def read_pin(self):
        return self.level


@dataclass(kw_only=True)
class InputPin(Driver):
    """Active from the start; never changes."""

    @classmethod
    def client(cls):
        return "jumpstarter_driver_gpiod.client.DigitalInputClient"

    @export
    def read_pin(self):
        return 1

    @export
    async def wait_for_active(self, timeout=None):
        pass

    @export
    async def wait_for_inactive(self, timeout=None):
        await asyncio.sleep(timeout or 0)
        raise TimeoutError("still active")

    @export
    async def wait_for_edge(self, edge_type, timeout=None):
        await asyncio.sleep(timeout or 0)
        raise TimeoutError(f"no {edge_type} edge")
