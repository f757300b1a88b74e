"""Frames of a CAN bus as lines of text: id, x for 29 bits, r for a remote frame, f for CAN FD, b for its bit rate switch, length and data."""

import can


def text(m):
    flags = [flag if given else "-" for flag, given in [("x", m.is_extended_id), ("r", m.is_remote_frame), ("f", m.is_fd), ("b", m.bitrate_switch)]]
    return f"{m.arbitration_id:x} {''.join(flags)} {m.dlc} {bytes(m.data).hex()}"


def message(line):
    identifier, flags, length, *data = line.rstrip("\n").split(" ")
    return can.Message(
        arbitration_id=int(identifier, 16),
        is_extended_id="x" in flags,
        is_remote_frame="r" in flags,
        is_fd="f" in flags,
        bitrate_switch="b" in flags,
        dlc=int(length),
        data=None if "r" in flags else bytes.fromhex(data[0]),
        check=True,
    )
