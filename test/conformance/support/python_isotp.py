"""Control units on a CAN bus, with can-isotp on python-can: each answers every message.

Arguments are the serial port of an adapter, the addresses and the parameters as JSON, and the kind of the answers: `echo` for the bytes
of the message in the reverse order, `crc` for its CRC-32, which is in a single frame. It ends when it is killed.
"""

import json
import sys
import threading
import zlib

import can
import isotp

channel, addresses, params, kind = sys.argv[1:5]
answers = {"echo": lambda data: data[::-1], "crc": lambda data: zlib.crc32(data).to_bytes(4, "big")}


def serve(unit):
    while True:
        message = unit.recv(block=True, timeout=1)
        if message is not None:
            unit.send(answers[kind](bytes(message)))


bus = can.Bus(interface="slcan", channel=channel, bitrate=500000, sleep_after_open=0.1, timeout=0.2)
notifier = can.Notifier(bus, [])
for given in json.loads(addresses):
    mode = isotp.AddressingMode(given.pop("addressing_mode", 0))
    unit = isotp.NotifierBasedCanStack(bus, notifier, address=isotp.Address(mode, **given), params=json.loads(params))
    unit.start()
    threading.Thread(target=serve, args=(unit,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
