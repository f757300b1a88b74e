"""Measures an exporter with Jumpstarter's asynchronous client, as measure.ts does it with ours, and prints the figures."""

import asyncio
import json
import os
import re
import statistics
import sys
from contextlib import ExitStack, asynccontextmanager
from time import perf_counter

from anyio import EndOfStream, create_task_group
from anyio.from_thread import BlockingPortal

from jumpstarter.client import client_from_path


async def repeat(seconds, step):
    """Runs a step at least once and until the time is over; returns how often, and how long that took."""
    start = perf_counter()
    times = 0
    while True:
        await step()
        times += 1
        elapsed = perf_counter() - start
        if elapsed >= seconds:
            return times, elapsed


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def receive_all(stream):
    parts = []
    try:
        while True:
            parts.append(await stream.receive())
    except EndOfStream:
        return parts


def require(fact, what):
    if not fact:
        raise AssertionError(what)


class Measurements:
    def __init__(self, bench, plan):
        self.bench = bench
        self.plan = plan
        self.warm_up = plan["warmUpMs"] / 1000
        self.figures = {}

    async def call(self):
        require(await self.bench.call_async("echo", "ping") == "ping", "echo answered something else")

    async def calls(self):
        latencies = []

        async def one():
            start = perf_counter()
            await self.call()
            latencies.append(perf_counter() - start)

        await repeat(self.plan["firstWarmUpMs"] / 1000, one)
        latencies.clear()
        times, elapsed = await repeat(self.plan["callMs"] / 1000, one)
        self.figures["callP50"] = quantile(latencies, 0.5) * 1e6
        self.figures["callP99"] = quantile(latencies, 0.99) * 1e6
        self.figures["calls1"] = times / elapsed

    async def concurrent_calls(self):
        async def worker(seconds):
            return (await repeat(seconds, self.call))[0]

        async def workers(seconds):
            start = perf_counter()
            times = await asyncio.gather(*(worker(seconds) for _ in range(32)))
            return sum(times) / (perf_counter() - start)

        await workers(self.warm_up)
        self.figures["calls32"] = await workers(self.plan["callMs"] / 1000)

    async def results(self):
        count = self.plan["recordCount"]

        async def batch():
            expected = 0
            async for record in self.bench.streamingcall_async("records", count):
                require(record["index"] == expected, "a record is missing")
                expected += 1
            require(expected == count, f"{expected} records instead of {count}")

        await repeat(self.warm_up, batch)
        times, elapsed = await repeat(self.plan["resultsMs"] / 1000, batch)
        self.figures["results"] = times * count / elapsed

    async def transfers(self):
        smallest = self.plan["transfers"][0]
        first = self.plan["firstWarmUpMs"] / 1000
        await repeat(first, lambda: self.echo(smallest["chunkBytes"], smallest["count"]))
        for transfer in self.plan["transfers"]:
            size, count = transfer["chunkBytes"], transfer["count"]
            await self.bench.call_async("configure_source", size, count)
            for name, run in (("up", self.up), ("down", self.down), ("echo", self.echo)):
                await repeat(self.warm_up, lambda: run(size, count))
                times, elapsed = await repeat(self.plan["streamMs"] / 1000, lambda: run(size, count))
                self.figures[f"{name}{size}"] = times * size * count / elapsed / 1e6

    async def up(self, size, count):
        chunk = bytes(size)
        async with self.bench.stream_async("sink") as stream:
            for _ in range(count):
                await stream.send(chunk)
            await stream.send_eof()
            answer = b"".join(await receive_all(stream))
        require(int(answer) == size * count, f"{answer} bytes arrived instead of {size * count}")

    async def down(self, size, count):
        received = 0
        async with self.bench.stream_async("source") as stream:
            try:
                while True:
                    received += len(await stream.receive())
            except EndOfStream:
                pass
        require(received == size * count, f"{received} bytes arrived instead of {size * count}")

    async def echo(self, size, count):
        chunk = bytes(size)
        received = 0
        async with self.bench.stream_async("loopback") as stream, create_task_group() as tasks:

            async def send():
                for _ in range(count):
                    await stream.send(chunk)

            tasks.start_soon(send)
            while received < size * count:
                received += len(await stream.receive())
        require(received == size * count, f"{received} bytes came back instead of {size * count}")

    async def ping_pong(self):
        chunk = bytes(64)
        latencies = []
        async with self.bench.stream_async("loopback") as stream:

            async def one():
                start = perf_counter()
                await stream.send(chunk)
                require(len(await stream.receive()) == 64, "another chunk came back")
                latencies.append(perf_counter() - start)

            await repeat(self.warm_up, one)
            latencies.clear()
            await repeat(self.plan["pingPongMs"] / 1000, one)
        self.figures["pingPong"] = quantile(latencies, 0.5) * 1e6

    async def run(self):
        await self.calls()
        await self.concurrent_calls()
        await self.results()
        await self.transfers()
        await self.ping_pong()


@asynccontextmanager
async def connect(path):
    async with BlockingPortal() as portal:
        with ExitStack() as stack:
            async with client_from_path(path, portal, stack, allow=[], unsafe=True) as root:
                yield root.children["bench"]


async def measure_connect(path, times):
    seconds = []
    for _ in range(times + 1):
        start = perf_counter()
        async with connect(path):
            seconds.append(perf_counter() - start)
    return statistics.median(seconds[1:]) * 1000


def peak_memory():
    """In MiB. The kernel's mark of this program alone; getrusage() also has what it was forked from."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) / 1024


async def main():
    plan = json.loads(sys.argv[1])
    path = os.environ["JUMPSTARTER_HOST"]
    async with connect(path) as bench:
        measurements = Measurements(bench, plan)
        await measurements.run()
    figures = measurements.figures
    figures["connect"] = await measure_connect(path, plan["connects"])
    figures["clientMemory"] = peak_memory()
    print(json.dumps(figures))


asyncio.run(main())
