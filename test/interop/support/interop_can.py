"""ISO-TP drivers for Jumpstarter's exporter, whose files cannot describe an address of ISO-TP."""

from dataclasses import field

import isotp
from jumpstarter_driver_can.driver import IsoTpPython
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(kw_only=True, config=ConfigDict(arbitrary_types_allowed=True))
class IsoTp(IsoTpPython):
    """An end of a connection on python-can's virtual bus."""

    txid: int
    rxid: int
    address: isotp.Address = field(init=False)

    def __post_init__(self):
        self.address = isotp.Address(txid=self.txid, rxid=self.rxid)
        super().__post_init__()
