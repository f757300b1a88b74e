"""The models of control units that Jumpstarter's own tests use, on free ports. Prints the ports, and serves until it is ended."""

import json
import signal
import socket

from jumpstarter_driver_doip.conftest import MockDoIPServer
from jumpstarter_driver_uds_doip.conftest import _UDS_HANDLERS, SID_DIAG_SESSION_CTRL, MockDoIPUdsServer

# The models close a connection on which nothing has come for a second.
socket.socket.settimeout = lambda self, seconds: None


def change_session(request):
    """Promises answers within 10 s. The model's own promise, 25 ms, is broken on a busy machine."""
    return bytes([SID_DIAG_SESSION_CTRL + 0x40, request[1], 0x27, 0x10, 0x03, 0xE8])


_UDS_HANDLERS[SID_DIAG_SESSION_CTRL] = change_session
doip, uds = MockDoIPServer(), MockDoIPUdsServer()

print(json.dumps({"doip": doip.port, "uds": uds.port}), flush=True)
signal.pause()
