"""A node on a CAN bus, with python-can: sends the frames of a file, and writes those that come to another.

It ends when it is killed. The lines of the files are those of can_frames.
"""

import sys
import threading

import can
from can_frames import message, text

channel, to_send, received, count = sys.argv[1:5]


bus = can.Bus(interface="slcan", channel=channel, bitrate=500000, sleep_after_open=0.1, timeout=0.2)


def receive():
    with open(received, "w") as output:
        for _ in range(int(count)):
            got = bus.recv(60)
            if got is None:
                break
            output.write(text(got) + "\n")
    print("done", flush=True)
    # An adapter waits until its answers to our frames are read.
    while True:
        bus.recv(1)


receiver = threading.Thread(target=receive)
receiver.start()
print("ready", flush=True)
sys.stdin.readline()
with open(to_send) as lines:
    for line in lines:
        bus.send(message(line))
receiver.join()
