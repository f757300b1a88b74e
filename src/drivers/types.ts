import type { DriverClass, DriverTypes } from '../runtime/config/driver-types.ts'

/**
 * The drivers by the types that exporters' files name: Jumpstarter's type where it has such a driver, else the path of the class
 * in this package. A driver is loaded when an exporter names it.
 */
export const driverTypes: DriverTypes = new Map<string, () => Promise<DriverClass>>(
  Object.entries({
    'jumpstarter_driver_can.driver.Can': async () => (await import('./can/can.ts')).Can,
    'jumpstarter_driver_can.driver.IsoTpPython': async () => (await import('./iso-tp/iso-tp-python.ts')).IsoTpPython,
    'jumpstarter_driver_composite.driver.Composite': async () => (await import('./composite/composite.ts')).Composite,
    'jumpstarter_driver_http.driver.HttpServer': async () =>
      (await import('./http-server/http-server.ts')).HttpServerDriver,
    'jumpstarter_driver_http_power.driver.HttpPower': async () =>
      (await import('./http-power/http-power.ts')).HttpPower,
    'jumpstarter_driver_network.driver.DbusNetwork': async () =>
      (await import('./network/dbus-network.ts')).DbusNetwork,
    'jumpstarter_driver_network.driver.EchoNetwork': async () =>
      (await import('./network/echo-network.ts')).EchoNetwork,
    'jumpstarter_driver_network.driver.TcpNetwork': async () =>
      (await import('./network/socket-network.ts')).TcpNetwork,
    'jumpstarter_driver_network.driver.UdpNetwork': async () => (await import('./network/udp-network.ts')).UdpNetwork,
    'jumpstarter_driver_network.driver.UnixNetwork': async () =>
      (await import('./network/socket-network.ts')).UnixNetwork,
    'jumpstarter_driver_network.driver.WebsocketNetwork': async () =>
      (await import('./network/websocket-network.ts')).WebsocketNetwork,
    'jumpstarter_driver_noyito_relay.driver.NoyitoPowerHID': async () =>
      (await import('./serial-relay/noyito-power-hid.ts')).NoyitoPowerHID,
    'jumpstarter_driver_noyito_relay.driver.NoyitoPowerSerial': async () =>
      (await import('./serial-relay/noyito-power-serial.ts')).NoyitoPowerSerial,
    'jumpstarter_driver_opendal.driver.MockFlasher': async () =>
      (await import('./storage/mock-flasher.ts')).MockFlasher,
    'jumpstarter_driver_opendal.driver.MockStorageMux': async () =>
      (await import('./storage/mock-storage-mux.ts')).MockStorageMux,
    'jumpstarter_driver_opendal.driver.MockStorageMuxFlasher': async () =>
      (await import('./storage/mock-storage-mux.ts')).MockStorageMuxFlasher,
    'jumpstarter_driver_opendal.driver.Opendal': async () =>
      (await import('./opendal/opendal-driver.ts')).OpendalDriver,
    'jumpstarter_driver_power.driver.MockPower': async () => (await import('./power/mock-power.ts')).MockPower,
    'jumpstarter_driver_power.driver.SyncMockPower': async () => (await import('./power/mock-power.ts')).MockPower,
    'jumpstarter_driver_pyserial.driver.PySerial': async () => (await import('./serial/py-serial.ts')).PySerial,
    'jumpstarter_driver_qemu.driver.Qemu': async () => (await import('./qemu/qemu.ts')).Qemu,
    'jumpstarter_driver_shell.driver.Shell': async () => (await import('./shell/shell-driver.ts')).ShellDriver,
    'jumpstarter_driver_snmp.driver.SNMPServer': async () => (await import('./snmp/snmp-server.ts')).SNMPServer,
    'jumpstarter_driver_ssh.driver.SSHWrapper': async () => (await import('./ssh/ssh-wrapper.ts')).SSHWrapper,
    'jumpstarter_driver_tasmota.driver.TasmotaPower': async () =>
      (await import('./tasmota/tasmota-power.ts')).TasmotaPower,
    'jumpstarter_driver_tftp.driver.Tftp': async () => (await import('./tftp/tftp.ts')).Tftp,
    'jumpstarter_driver_uboot.driver.UbootConsole': async () =>
      (await import('./uboot/uboot-console.ts')).UbootConsoleDriver,
    'vitest-hardware/drivers#AvrBoard': async () => (await import('./avr-board/avr-board.ts')).AvrBoard,
    'vitest-hardware/drivers#CommandFlasher': async () =>
      (await import('./command-flasher/command-flasher.ts')).CommandFlasher,
    'vitest-hardware/drivers#CommandPower': async () => (await import('./command-power/command-power.ts')).CommandPower,
    'vitest-hardware/drivers#ContainerBoard': async () =>
      (await import('./container-board/container-board.ts')).ContainerBoard,
    'vitest-hardware/drivers#IpmiPower': async () => (await import('./ipmi-power/ipmi-power.ts')).IpmiPower,
    'vitest-hardware/drivers#LcusRelay': async () => (await import('./serial-relay/lcus-relay.ts')).LcusRelay,
    'vitest-hardware/drivers#ModbusRelays': async () => (await import('./modbus-relays/modbus-relays.ts')).ModbusRelays,
    'vitest-hardware/drivers#NutPower': async () => (await import('./nut-power/nut-power.ts')).NutPower,
    'vitest-hardware/drivers#Rfc2217Network': async () => (await import('./serial/rfc2217-network.ts')).Rfc2217Network,
    'vitest-hardware/drivers#Rp2040Board': async () => (await import('./rp2040-board/rp2040-board.ts')).Rp2040Board,
    'vitest-hardware/drivers#ScpiInstrument': async () => (await import('./scpi/scpi-instrument.ts')).ScpiInstrument,
    'vitest-hardware/drivers#ScpiPowerSupply': async () =>
      (await import('./scpi/scpi-power-supply.ts')).ScpiPowerSupply,
    'vitest-hardware/drivers#SnmpOutlet': async () => (await import('./snmp/snmp-outlet.ts')).SnmpOutlet,
    'vitest-hardware/drivers#SshConsole': async () => (await import('./ssh/ssh-console.ts')).SshConsole,
    'vitest-hardware/drivers#UhubctlPower': async () => (await import('./uhubctl-power/uhubctl-power.ts')).UhubctlPower,
  }).map(([type, load]) => [type, load as unknown as () => Promise<DriverClass>]),
)
