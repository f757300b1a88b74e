import { call, defineInterface } from './define.ts'
import type { ResourceHandle } from './resource.ts'

/** A saved state of a virtual machine: its memory, its devices and its disks. */
export interface QemuSnapshot {
  readonly name: string
  /** When it was saved, as ISO 8601 has it. */
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
    /** How large the disk is at the next power-on; it cannot become smaller. */
    setDiskSize: call<(size: string) => void>({ idempotent: true }),
    /** How much memory there is at the next power-on. */
    setMemorySize: call<(size: string) => void>({ idempotent: true }),
    /** `off`, or as QEMU calls the state: `running`, `paused` … */
    status: call<() => string>({ idempotent: true }),
    /** What a reset button does: processor and devices start anew, memory stays as it is. */
    systemReset: call<() => void>(),
    /** Stops the time of the board. */
    pause: call<() => void>({ idempotent: true }),
    resume: call<() => void>({ idempotent: true }),
    /** Keeps the state of the board under a name; one that has the name already is replaced. */
    saveSnapshot: call<(name: string) => void>({ idempotent: true }),
    /** Brings the board back to a state, also from off. */
    loadSnapshot: call<(name: string) => void>({ idempotent: true }),
    listSnapshots: call<() => QemuSnapshot[]>({ idempotent: true }),
    deleteSnapshot: call<(name: string) => void>(),
    /** Writes what the board shows on its display as a PNG file. */
    screenshot: call<(image: ResourceHandle) => void>(),
    /** The path of a unix socket on the exporter's machine that a debugger can connect to. */
    gdbSocket: call<() => string>({ idempotent: true }),
  },
})
