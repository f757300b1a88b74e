/**
 * Checked by the compiler alone (`npm run check:types`): a call of one method of each interface. Nothing here runs.
 * `test/interop/driver-drift.test.ts` looks for interfaces that are missing.
 */
import type { Duplex } from 'node:stream'
import { expectTypeOf } from 'vitest'

import type { DerivedClient, DriverClient } from '../../src/clients/index.ts'
import type * as interfaces from '../../src/interfaces/index.ts'
import type { InterfaceDefinition } from '../../src/interfaces/index.ts'

type Interfaces = typeof interfaces
type Clients = {
  [K in keyof Interfaces]: Interfaces[K] extends InterfaceDefinition ? DerivedClient<Interfaces[K]> : never
}
type Records<T> = AsyncGenerator<T, void, void>
type Children = Readonly<Record<string, DriverClient>>

export async function callEach(clients: Clients, file: interfaces.ResourceHandle): Promise<void> {
  expectTypeOf(await clients.AdbServer.startServer()).toEqualTypeOf<number>()
  expectTypeOf(await clients.AndroidEmulator.setHeadless(true)).toEqualTypeOf<void>()
  expectTypeOf(await clients.BaseFlasher.getInitramAddress()).toEqualTypeOf<string | null>()
  expectTypeOf(await clients.BleStream.connect()).toEqualTypeOf<Duplex>()
  expectTypeOf(await clients.BluetoothPeer.connectTo('F0:F1:F2:F3:F4:F5', 10)).toEqualTypeOf<string>()
  const [frame] = await clients.Can.receive(0.5)
  expectTypeOf(frame).toEqualTypeOf<interfaces.CanMessage | null>()
  expectTypeOf(clients.Composite.children).toEqualTypeOf<Children>()
  expectTypeOf(await clients.Container.status()).toEqualTypeOf<string>()
  expectTypeOf(clients.Corellium.children).toEqualTypeOf<Children>()
  expectTypeOf(await clients.Cuttlefish.waitBoot(60)).toEqualTypeOf<string>()
  expectTypeOf(await clients.CuttlefishPower.off(true)).toEqualTypeOf<void>()
  expectTypeOf(await clients.DbusNetwork.connect()).toEqualTypeOf<Duplex>()
  expectTypeOf(await clients.DigitalInput.waitForEdge('rising', 1)).toEqualTypeOf<void>()
  expectTypeOf(await clients.DigitalOutput.readPin()).toEqualTypeOf<number>()
  expectTypeOf(
    await clients.DoIp.requestVehicleIdentification(null, '001122334455'),
  ).toEqualTypeOf<interfaces.DoIpVehicle>()
  expectTypeOf(clients.DutNetwork.tcpdump(['-n'])).toEqualTypeOf<Records<string>>()
  expectTypeOf(await clients.Esp32Flasher.flash(file, '0x10000')).toEqualTypeOf<void>()
  expectTypeOf(await clients.Flasher.dump(file)).toEqualTypeOf<void>()
  expectTypeOf(await clients.HttpServer.getUrl()).toEqualTypeOf<string>()
  expectTypeOf(await clients.IscsiServer.addLun('root', 'root.img', 0, false)).toEqualTypeOf<string>()
  expectTypeOf(await clients.IsoTp.recv(true, 1)).toEqualTypeOf<interfaces.IsoTpMessage>()
  expectTypeOf(clients.Mitmproxy.watchCapturedRequests()).toEqualTypeOf<Records<string>>()
  expectTypeOf(await clients.Network.address()).toEqualTypeOf<string>()
  expectTypeOf(clients.NoyitoPower.read()).toEqualTypeOf<Records<interfaces.PowerReading>>()
  expectTypeOf(await clients.Obd.query('RPM')).toEqualTypeOf<string | null>()
  expectTypeOf(clients.Opendal.list('/')).toEqualTypeOf<Records<string>>()
  expectTypeOf(await clients.PiPicoFlasher.bootloaderInfo()).toEqualTypeOf<Readonly<Record<string, string>>>()
  expectTypeOf(await clients.Power.on()).toEqualTypeOf<void>()
  expectTypeOf(await clients.ProbeRs.read('b32', '0x20000000', '4')).toEqualTypeOf<readonly string[]>()
  expectTypeOf(clients.ProgressFlasher.flashWithProgress(file, null, true)).toEqualTypeOf<
    Records<interfaces.FlashStep>
  >()
  expectTypeOf(clients.QemuFlasher.flashOci('oci://registry.example/board:1')).toEqualTypeOf<
    Records<interfaces.ShellOutput>
  >()
  expectTypeOf(await clients.QemuMachine.status()).toEqualTypeOf<string>()
  expectTypeOf(await clients.Renode.monitorCmd('pause')).toEqualTypeOf<string>()
  expectTypeOf((await clients.RideSx.detectFastbootDevice(5, 2)).device_id).toEqualTypeOf<string | null>()
  expectTypeOf(await clients.RideSxPower.cycle(2)).toEqualTypeOf<void>()
  expectTypeOf(await clients.ScpiInstrument.query('*IDN?')).toEqualTypeOf<string>()
  expectTypeOf(await clients.ScpiPowerSupply.settings()).toEqualTypeOf<interfaces.PowerSettings>()
  expectTypeOf(await clients.Serial.setDtr(true)).toEqualTypeOf<void>()
  expectTypeOf(await clients.SerialPort.sendBreak(100)).toEqualTypeOf<void>()
  expectTypeOf(await clients.SerialPort.modemLines()).toEqualTypeOf<interfaces.ModemLines>()
  expectTypeOf(clients.Shell.callMethod('ls', {}, '-l')).toEqualTypeOf<Records<interfaces.ShellOutput>>()
  expectTypeOf(await clients.SnmpPower.on()).toEqualTypeOf<string>()
  expectTypeOf(await clients.SomeIp.rpcCall(0x1234, 1, { data: '00' })).toEqualTypeOf<interfaces.SomeIpMessage>()
  expectTypeOf(await clients.SshHost.getSshIdentity()).toEqualTypeOf<string | null>()
  expectTypeOf(clients.SshMount.children).toEqualTypeOf<Children>()
  expectTypeOf(await clients.StlinkFlasher.info()).toEqualTypeOf<Readonly<Record<string, string>>>()
  expectTypeOf(await clients.StorageMux.write(file)).toEqualTypeOf<void>()
  expectTypeOf(await clients.StorageMuxFlasher.dut()).toEqualTypeOf<void>()
  expectTypeOf(await clients.TftpServer.getPort()).toEqualTypeOf<number>()
  expectTypeOf(await clients.Tmt.getDefaultUserPass()).toEqualTypeOf<readonly [user: string, password: string]>()
  expectTypeOf(await clients.UbootConsole.getPrompt()).toEqualTypeOf<string>()
  expectTypeOf(await clients.Uds.changeSession('extended')).toEqualTypeOf<interfaces.UdsResponse>()
  expectTypeOf((await clients.Ustreamer.state()).result.source.online).toEqualTypeOf<boolean>()
  expectTypeOf(await clients.Video.state()).toEqualTypeOf<interfaces.VideoState>()
  expectTypeOf(await clients.VirtualPower.off(true)).toEqualTypeOf<void>()
  expectTypeOf(await clients.VncServer.getDefaultEncrypt()).toEqualTypeOf<boolean>()
  expectTypeOf(await clients.Xcp.connect(0)).toEqualTypeOf<interfaces.XcpConnection>()
  // @ts-expect-error no such reset
  await clients.Uds.ecuReset('cold')
  // @ts-expect-error the length comes before the address
  await clients.Xcp.upload('0x1000', 4)
}
