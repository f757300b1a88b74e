"""The driver of the benchmark for Jumpstarter's exporter; our-driver.ts is the same one for ours."""

from contextlib import asynccontextmanager
from dataclasses import dataclass

from anyio import EndOfStream, Event, create_memory_object_stream
from anyio.abc import ObjectStream
from anyio.streams.stapled import StapledObjectStream

from jumpstarter.driver import Driver, export, exportstream


class Sink(ObjectStream[bytes]):
    """Counts what it gets, and answers with the number of bytes at the end."""

    def __init__(self):
        self.received = 0
        self.ended = Event()
        self.answered = False

    async def send(self, item):
        self.received += len(item)

    async def send_eof(self):
        self.ended.set()

    async def receive(self):
        await self.ended.wait()
        if self.answered:
            raise EndOfStream
        self.answered = True
        return str(self.received).encode()

    async def aclose(self):
        self.ended.set()


class Source(ObjectStream[bytes]):
    """Sends a chunk a number of times."""

    def __init__(self, chunk, count):
        self.chunk = chunk
        self.left = count

    async def send(self, item):
        pass

    async def send_eof(self):
        pass

    async def receive(self):
        if self.left == 0:
            raise EndOfStream
        self.left -= 1
        return self.chunk

    async def aclose(self):
        pass


@dataclass(kw_only=True)
class BenchDriver(Driver):
    chunk: bytes = b""
    count: int = 0

    @classmethod
    def client(cls):
        return "jumpstarter.client.DriverClient"

    # Asynchronous, because a plain function costs a change of thread.
    @export
    async def echo(self, value):
        return value

    @export
    async def configure_source(self, chunk_bytes, count):
        self.chunk = bytes(int(chunk_bytes))
        self.count = int(count)

    @export
    async def records(self, count):
        for index in range(int(count)):
            yield {"index": index, "voltage": 5.0, "current": 0.25}

    @exportstream
    @asynccontextmanager
    async def sink(self):
        yield Sink()

    @exportstream
    @asynccontextmanager
    async def source(self):
        yield Source(self.chunk, self.count)

    @exportstream
    @asynccontextmanager
    async def loopback(self):
        tx, rx = create_memory_object_stream[bytes](32)
        async with StapledObjectStream(tx, rx) as stream:
            yield stream
