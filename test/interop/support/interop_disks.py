"""Flashers for Jumpstarter's exporter that take a folder for the disk of a board. Upstream looks for mounted disks."""

from dataclasses import dataclass
from pathlib import Path

from jumpstarter_driver_pi_pico import bootloader_mount
from jumpstarter_driver_pi_pico.driver import PiPicoFlasher
from jumpstarter_driver_stlink_msd import stlink_mount
from jumpstarter_driver_stlink_msd.driver import StlinkMsdFlasher


@dataclass(kw_only=True)
class StlinkDisk(StlinkMsdFlasher):
    folder: str

    def __post_init__(self):
        super().__post_init__()
        stlink_mount.iter_mount_candidates = lambda: [Path(self.folder)]


@dataclass(kw_only=True)
class PicoDisk(PiPicoFlasher):
    folder: str

    def __post_init__(self):
        super().__post_init__()
        bootloader_mount.iter_bootloader_mount_candidates = lambda: [Path(self.folder)]
