/** Differences between Jumpstarter's drivers and the interfaces of this package, with the reason why each is right. */
interface KnownDifferences {
  readonly reason: string
  /** The sentences of {@link compareDrivers}. */
  readonly differences: readonly string[]
}

const methodsOfQemu = [
  'status()',
  'system_reset()',
  'pause()',
  'resume()',
  'save_snapshot(name)',
  'load_snapshot(name)',
  'list_snapshots()',
  'delete_snapshot(name)',
  'screenshot(image)',
  'gdb_socket()',
]

/** The drift check accepts these differences and no others. */
export const knownDifferences: readonly KnownDifferences[] = [
  {
    reason:
      'These drivers cannot measure. Their `read` is a plain method that only raises, or returns nothing. `PowerClient.read()` reports NOT_IMPLEMENTED.',
    differences: [
      'jumpstarter_driver_energenie.driver.EnerGenie has read(), Power has streaming read()',
      'jumpstarter_driver_qemu.driver.QemuPower has read(), Power has streaming read()',
      'jumpstarter_driver_renode.driver.RenodePower has read(), Power has streaming read()',
      'jumpstarter_driver_tasmota.driver.TasmotaPower has read(), Power has streaming read()',
      'jumpstarter_driver_yepkit.driver.Ykush has read(), Power has streaming read()',
      'jumpstarter_driver_corellium.driver.CorelliumPower has read(), VirtualPower has streaming read()',
    ],
  },
  {
    reason:
      "One driver adds a method that its client's class does not have. A test calls it by its name: `dut.power.call('rescue')`.",
    differences: [
      'jumpstarter_driver_dutlink.driver.DutlinkPower has rescue(), Power has not',
      'jumpstarter_driver_gpiod.driver.PowerSwitch has read_pin(), Power has not',
      'jumpstarter_driver_corellium.driver.CorelliumConsole has address(), Serial has not',
    ],
  },
  {
    reason: 'The second argument is the command of Renode that loads the image. It has the place of the partition.',
    differences: [
      'jumpstarter_driver_renode.driver.RenodeFlasher has flash(source, load_command?), Flasher has flash(source, partition?)',
    ],
  },
  {
    reason:
      "The QEMU driver of this package has more methods than Jumpstarter's. With Jumpstarter's they end with METHOD_NOT_FOUND.",
    differences: methodsOfQemu.map((method) => `QemuMachine has ${method}, no driver has`),
  },
  {
    reason:
      "The SSH driver of this package can know a password. The client does without one where Jumpstarter's driver has no such method.",
    differences: ['SshHost has get_ssh_password(), no driver has'],
  },
  {
    reason:
      "The driver is in Jumpstarter's repository, and in no release yet. The interface is that of the repository (August 2026).",
    differences: [
      'jumpstarter_driver_bt_peer.client.BtPeerClient has no driver there',
      'jumpstarter_driver_cuttlefish.client.CuttlefishClient has no driver there',
      'jumpstarter_driver_cuttlefish.client.CvdPowerClient has no driver there',
      'jumpstarter_driver_video.client.VideoClient has no driver there',
    ],
  },
]
