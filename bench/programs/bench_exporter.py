"""Serves the driver of the benchmark with Jumpstarter's library, and ends with its standard input."""

import asyncio
import sys

from bench_driver import BenchDriver
from jumpstarter_driver_composite.driver import Composite

from jumpstarter.common import ExporterStatus
from jumpstarter.exporter import Session


async def main():
    with Session(root_device=Composite(children={"bench": BenchDriver()})) as session:
        async with session.serve_unix_async() as path:
            session.update_status(ExporterStatus.LEASE_READY)
            print(f"JUMPSTARTER_HOST={path}", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
