import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** A saved state of a virtual machine: its memory, its devices and its disks. */
export interface QemuSnapshot {
  readonly name: string
  /** The time when it was saved, in the format of ISO 8601. */
  readonly savedAt: string
}

/**
 * A board that QEMU simulates, besides its power, console and flasher, which are drivers below it. Sizes are texts such as
 * `512M` or `20G`.
 */
export const QemuMachine = defineInterface({
  client: 'jumpstarter_driver_qemu.client.QemuClient',
  methods: {
    getHostname: call<() => string>({ idempotent: true }),
    getUsername: call<() => string>({ idempotent: true }),
    getPassword: call<() => string>({ idempotent: true }),
    /** Sets the size of the disk from the next power-on. It cannot become smaller. */
    setDiskSize: call<(size: string) => void>({ idempotent: true }),
    /** Sets the size of the memory from the next power-on. */
    setMemorySize: call<(size: string) => void>({ idempotent: true }),
    /** `off`, or QEMU's name of the state: `running`, `paused` … */
    status: call<() => string>({ idempotent: true }),
    /** Presses the reset button: processor and devices start anew, and the memory keeps its content. */
    systemReset: call<() => void>(),
    /** Stops the time of the board. */
    pause: call<() => void>({ idempotent: true }),
    resume: call<() => void>({ idempotent: true }),
    /** Saves the state of the board under a name. An earlier snapshot of that name is replaced. */
    saveSnapshot: call<(name: string) => void>({ idempotent: true }),
    /** Brings the board back to a saved state. A board that is off is switched on. */
    loadSnapshot: call<(name: string) => void>({ idempotent: true }),
    listSnapshots: call<() => QemuSnapshot[]>({ idempotent: true }),
    deleteSnapshot: call<(name: string) => void>(),
    /** Writes the picture on the board's display as a PNG file. */
    screenshot: call<(image: ResourceHandle) => void>(),
    /** The path of a unix socket on the exporter's machine that a debugger can connect to. */
    gdbSocket: call<() => string>({ idempotent: true }),
  },
})
