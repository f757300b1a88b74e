import type { DriverClass, DriverTypes } from '../runtime/config/driver-types.ts'

/** Our drivers by the types that upstream gives the like ones. They are loaded when an exporter names them. */
export const driverTypes: DriverTypes = new Map<string, () => Promise<DriverClass>>(
  Object.entries({
    'jumpstarter_driver_power.driver.MockPower': async () => (await import('./power/mock-power.ts')).MockPower,
    'jumpstarter_driver_power.driver.SyncMockPower': async () => (await import('./power/mock-power.ts')).MockPower,
    'jumpstarter_driver_network.driver.EchoNetwork': async () =>
      (await import('./network/echo-network.ts')).EchoNetwork,
    'jumpstarter_driver_network.driver.TcpNetwork': async () =>
      (await import('./network/socket-network.ts')).TcpNetwork,
    'jumpstarter_driver_network.driver.UnixNetwork': async () =>
      (await import('./network/socket-network.ts')).UnixNetwork,
  }).map(([type, load]) => [type, load as unknown as () => Promise<DriverClass>]),
)
