"""What a Python user's tests of a board look like."""

import pytest
from jumpstarter_driver_network.adapters import PexpectAdapter
from jumpstarter_testing.pytest import JumpstarterTest


class TestBoard(JumpstarterTest):
    selector = "board=uno"

    @pytest.fixture()
    def console(self, client):
        with PexpectAdapter(client=client.loop) as console:
            yield console

    def test_power(self, client):
        client.power.on()
        assert [reading.voltage for reading in client.power.read()] == [0.0, 5.0]

    def test_console(self, console):
        console.send(b"hello\r\n")
        console.expect_exact(b"hello", timeout=20)
