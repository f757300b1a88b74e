import { deriveClient } from './derive.ts'
import type { ClientClass } from './driver-client.ts'

const loadFlasher = async () => (await import('./drivers/flasher-client.ts')).FlasherClient

/**
 * The client classes by the paths that drivers report. A class is loaded when an exporter has a driver that names it. A driver whose
 * client adds nothing to its interface has a client derived from the interface.
 */
export const clientTypes: ReadonlyMap<string, () => Promise<ClientClass>> = new Map<string, () => Promise<ClientClass>>(
  Object.entries({
    // Newer releases of Jumpstarter's core give it this name.
    'jumpstarter.client.flasher.FlasherClient': loadFlasher,
    'jumpstarter_driver_adb.client.AdbClient': async () =>
      (await import('./drivers/adb-server-client.ts')).AdbServerClient,
    'jumpstarter_driver_androidemulator.client.AndroidEmulatorClient': async () =>
      deriveClient((await import('../interfaces/android-emulator.ts')).AndroidEmulator),
    'jumpstarter_driver_ble.client.BleWriteNotifyStreamClient': async () =>
      deriveClient((await import('../interfaces/ble-stream.ts')).BleStream),
    'jumpstarter_driver_bt_peer.client.BtPeerClient': async () =>
      deriveClient((await import('../interfaces/bluetooth-peer.ts')).BluetoothPeer),
    'jumpstarter_driver_can.client.CanClient': async () => (await import('./drivers/can-client.ts')).CanClient,
    'jumpstarter_driver_can.client.IsoTpClient': async () => (await import('./drivers/iso-tp-client.ts')).IsoTpClient,
    'jumpstarter_driver_composite.client.CompositeClient': async () =>
      (await import('./drivers/composite-client.ts')).CompositeClient,
    'jumpstarter_driver_corellium.client.CorelliumClient': async () =>
      deriveClient((await import('../interfaces/corellium.ts')).Corellium),
    'jumpstarter_driver_cuttlefish.client.CuttlefishClient': async () =>
      deriveClient((await import('../interfaces/cuttlefish.ts')).Cuttlefish),
    'jumpstarter_driver_cuttlefish.client.CvdPowerClient': async () =>
      (await import('./drivers/cuttlefish-power-client.ts')).CuttlefishPowerClient,
    'jumpstarter_driver_doip.client.DoIPDriverClient': async () =>
      (await import('./drivers/doip-client.ts')).DoIpClient,
    'jumpstarter_driver_dut_network.client.DutNetworkClient': async () =>
      deriveClient((await import('../interfaces/dut-network.ts')).DutNetwork),
    'jumpstarter_driver_esp32.client.Esp32FlasherClient': async () =>
      (await import('./drivers/esp32-flasher-client.ts')).Esp32FlasherClient,
    'jumpstarter_driver_flashers.client.BaseFlasherClient': async () =>
      deriveClient((await import('../interfaces/base-flasher.ts')).BaseFlasher),
    'jumpstarter_driver_gpiod.client.DigitalInputClient': async () =>
      (await import('./drivers/digital-input-client.ts')).DigitalInputClient,
    'jumpstarter_driver_gpiod.client.DigitalOutputClient': async () =>
      (await import('./drivers/digital-output-client.ts')).DigitalOutputClient,
    'jumpstarter_driver_http.client.HttpServerClient': async () =>
      (await import('./drivers/http-server-client.ts')).HttpServerClient,
    'jumpstarter_driver_iscsi.client.ISCSIServerClient': async () =>
      (await import('./drivers/iscsi-server-client.ts')).IscsiServerClient,
    'jumpstarter_driver_mitmproxy.client.MitmproxyClient': async () =>
      (await import('./drivers/mitmproxy-client.ts')).MitmproxyClient,
    'jumpstarter_driver_network.client.DbusNetworkClient': async () =>
      (await import('./drivers/dbus-network-client.ts')).DbusNetworkClient,
    'jumpstarter_driver_network.client.NetworkClient': async () =>
      (await import('./drivers/network-client.ts')).NetworkClient,
    'jumpstarter_driver_noyito_relay.client.NoyitoPowerClient': async () =>
      (await import('./drivers/noyito-power-client.ts')).NoyitoPowerClient,
    'jumpstarter_driver_obd.client.OBDClient': async () => deriveClient((await import('../interfaces/obd.ts')).Obd),
    'jumpstarter_driver_opendal.client.FlasherClient': loadFlasher,
    'jumpstarter_driver_opendal.client.OpendalClient': async () =>
      (await import('./drivers/opendal-client.ts')).OpendalClient,
    'jumpstarter_driver_opendal.client.StorageMuxClient': async () =>
      (await import('./drivers/storage-mux-client.ts')).StorageMuxClient,
    'jumpstarter_driver_opendal.client.StorageMuxFlasherClient': async () =>
      (await import('./drivers/storage-mux-client.ts')).StorageMuxFlasherClient,
    'jumpstarter_driver_pi_pico.client.PiPicoClient': async () =>
      (await import('./drivers/pi-pico-flasher-client.ts')).PiPicoFlasherClient,
    'jumpstarter_driver_power.client.PowerClient': async () => (await import('./drivers/power-client.ts')).PowerClient,
    'jumpstarter_driver_power.client.VirtualPowerClient': async () =>
      (await import('./drivers/virtual-power-client.ts')).VirtualPowerClient,
    'jumpstarter_driver_probe_rs.client.ProbeRsClient': async () =>
      (await import('./drivers/probe-rs-client.ts')).ProbeRsClient,
    'jumpstarter_driver_pyserial.client.PySerialClient': async () =>
      (await import('./drivers/serial-client.ts')).SerialClient,
    'jumpstarter_driver_qemu.client.QemuClient': async () => (await import('./drivers/qemu-client.ts')).QemuClient,
    'jumpstarter_driver_qemu.client.QemuFlasherClient': async () =>
      (await import('./drivers/qemu-flasher-client.ts')).QemuFlasherClient,
    'jumpstarter_driver_renode.client.RenodeClient': async () =>
      deriveClient((await import('../interfaces/renode.ts')).Renode),
    'jumpstarter_driver_ridesx.client.RideSXClient': async () =>
      deriveClient((await import('../interfaces/ridesx.ts')).RideSx),
    'jumpstarter_driver_ridesx.client.RideSXPowerClient': async () =>
      (await import('./drivers/ridesx-power-client.ts')).RideSxPowerClient,
    'jumpstarter_driver_shell.client.ShellClient': async () => (await import('./drivers/shell-client.ts')).ShellClient,
    'jumpstarter_driver_snmp.client.SNMPServerClient': async () =>
      (await import('./drivers/snmp-power-client.ts')).SnmpPowerClient,
    'jumpstarter_driver_someip.client.SomeIpDriverClient': async () =>
      (await import('./drivers/some-ip-client.ts')).SomeIpClient,
    'jumpstarter_driver_ssh.client.SSHWrapperClient': async () => (await import('./drivers/ssh-client.ts')).SshClient,
    'jumpstarter_driver_ssh_mount.client.SSHMountClient': async () =>
      deriveClient((await import('../interfaces/ssh-mount.ts')).SshMount),
    'jumpstarter_driver_stlink_msd.client.StlinkMsdFlasherClient': async () =>
      (await import('./drivers/stlink-flasher-client.ts')).StlinkFlasherClient,
    'jumpstarter_driver_tftp.client.TftpServerClient': async () =>
      (await import('./drivers/tftp-server-client.ts')).TftpServerClient,
    'jumpstarter_driver_tmt.client.TMTClient': async () => deriveClient((await import('../interfaces/tmt.ts')).Tmt),
    'jumpstarter_driver_uboot.client.UbootConsoleClient': async () =>
      (await import('./drivers/uboot-console-client.ts')).UbootConsoleClient,
    'jumpstarter_driver_uds.client.UdsClient': async () => (await import('./drivers/uds-client.ts')).UdsClient,
    'jumpstarter_driver_ustreamer.client.UStreamerClient': async () =>
      (await import('./drivers/ustreamer-client.ts')).UstreamerClient,
    'jumpstarter_driver_video.client.VideoClient': async () => (await import('./drivers/video-client.ts')).VideoClient,
    'jumpstarter_driver_vnc.client.VNClient': async () =>
      (await import('./drivers/vnc-server-client.ts')).VncServerClient,
    'jumpstarter_driver_xcp.client.XcpClient': async () => deriveClient((await import('../interfaces/xcp.ts')).Xcp),
    'vitest-hardware/clients#ContainerClient': async () =>
      (await import('./drivers/container-client.ts')).ContainerClient,
    // Drivers that QEMU and gdbserver stand behind report a plain network, which Python's clients know, too.
    'vitest-hardware/clients#DebugProbeClient': async () =>
      (await import('./drivers/debug-probe-client.ts')).DebugProbeClient,
    'vitest-hardware/clients/scpi-power-supply#ScpiPowerSupplyClient': async () =>
      (await import('./drivers/scpi-power-supply-client.ts')).ScpiPowerSupplyClient,
    'vitest-hardware/interfaces#ScpiInstrument': async () =>
      deriveClient((await import('../interfaces/scpi-instrument.ts')).ScpiInstrument),
  }),
)
