"""A plugin of pytest that runs Jumpstarter's own tests of its drivers against our exporter.

The tests get Python's clients from `jumpstarter.common.utils.serve(driver)`, which serves the driver in process. The
plugin puts another `serve` in its place: it writes an exporter file for the driver, and connects Python's client to our
exporter with that file.

Tests that serve nothing are left out, and those in LEFT_OUT, which are separated by spaces. RESULTS names a file for
the outcome of each test, as JSON lines.
"""

import inspect
import json
import os
import re
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass
from tempfile import TemporaryDirectory

import isotp
import jumpstarter.common.utils as utils
import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from jumpstarter.client import client_from_path
from jumpstarter.driver import Driver
from jumpstarter_driver_can.common import IsoTpAddress
from pydantic import BaseModel

base_fields = {field.name for field in fields(Driver)}


def config_of(driver):
    """The options of a driver that a test has given it: those that an exporter file can have, and that differ from the defaults."""
    options = [field for field in fields(driver) if field.init and field.name not in base_fields]
    given = {field.name: getattr(driver, field.name) for field in options if not field.name.startswith("_")}
    # A file or a socket that a driver makes for itself is no option.
    defaults = {field.name: field.default for field in options}
    return {name: plain(value) for name, value in given.items() if is_plain(value) and value != defaults[name]}


def is_plain(value):
    # Some drivers have dataclasses and models for parts of their config.
    parts = (bool, int, float, str, dict, list, tuple, os.PathLike, BaseModel, isotp.Address)
    return value is None or is_dataclass(value) or isinstance(value, parts)


def plain(value):
    if is_dataclass(value):
        return plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, isotp.Address):
        return plain(IsoTpAddress.validate(value))
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, os.PathLike) else value


def type_of(driver):
    return f"{type(driver).__module__}.{type(driver).__qualname__}"


def entry_of(driver):
    """The entry of a driver in an exporter file."""
    if type_of(driver) == "jumpstarter_driver_composite.driver.Proxy":
        return {"ref": driver.ref}
    if type_of(driver) == "jumpstarter_driver_composite.driver.Composite":
        return {"children": {name: entry_of(child) for name, child in driver.children.items()}}
    # Other drivers make their children themselves.
    return {"type": type_of(driver), "config": config_of(driver)}


class Exporters:
    """Our program that serves exporter files."""

    def __init__(self):
        command = [os.environ["NODE"], os.environ["SERVE_FILES"]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "our exporter has ended"}

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


exporters = None
not_ours = "our exporter does not have this driver"


@contextmanager
def serve(driver):
    global exporters
    exporters = exporters or Exporters()
    entry = entry_of(driver)
    is_tree = "children" in entry
    file = {
        "apiVersion": "jumpstarter.dev/v1alpha1",
        "kind": "ExporterConfig",
        "metadata": {"namespace": "default", "name": "upstream"},
        # The tests have HTTP servers on this machine.
        "presignedAddresses": ["127.0.0.1"],
        "export": entry["children"] if is_tree else {"tested": entry},
    }
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        path = os.path.join(folder, "exporter.yaml")
        with open(path, "w") as output:
            yaml.safe_dump(file, output)
        answer = exporters.ask(open=path)
        if "for which there is no driver" in answer.get("error", ""):
            pytest.skip(not_ours)
        if "error" in answer:
            pytest.fail(f"our exporter: {answer['error']}")
        stack.callback(exporters.ask, close=answer["address"])
        portal = stack.enter_context(start_blocking_portal())
        connection = client_from_path(answer["address"], portal, stack, allow=[], unsafe=True)
        root = stack.enter_context(portal.wrap_async_context_manager(connection))
        client = root if is_tree else root.children["tested"]
        try:
            yield client
        finally:
            if hasattr(client, "close"):
                client.close()


utils.serve = serve


def serves(item):
    """True for a test that calls `serve`, or asks for a fixture that does."""
    functions = [item.function]
    for name in inspect.signature(item.function).parameters:
        functions += [definition.func for definition in item._fixtureinfo.name2fixturedefs.get(name, ())]
    return any(re.search(r"\bserve\(\s*\w", inspect.getsource(function)) for function in functions)


def name_of(item):
    """The name of a test: `power/client_test.py::test_read_cli`."""
    package = item.function.__module__.split(".")[0].removeprefix("jumpstarter_driver_")
    return f"{package}/{item.nodeid.rsplit('/', 1)[-1]}"


def pytest_collection_modifyitems(config, items):
    named = os.environ.get("LEFT_OUT", "").split()
    left_out = [item for item in items if not serves(item) or name_of(item) in named]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.outcome != "passed":
        reason = report.longrepr[-1] if report.skipped and isinstance(report.longrepr, tuple) else str(report.longrepr)
        result = {
            "test": name_of(item),
            "outcome": report.outcome,
            "reason": reason if report.outcome != "passed" else "",
        }
        with open(os.environ["RESULTS"], "a") as output:
            output.write(json.dumps(result) + "\n")
    return report


def pytest_sessionfinish():
    if exporters is not None:
        exporters.end()
