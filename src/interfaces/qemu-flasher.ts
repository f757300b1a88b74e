import { call, defineInterface, streaming } from './define.ts'
import type { ResourceHandle } from './resource.ts'
import type { ShellOutput } from './shell.ts'

/** Writes the disk of a board that Jumpstarter's QEMU driver simulates. */
export const QemuFlasher = defineInterface({
  client: 'jumpstarter_driver_qemu.client.QemuFlasherClient',
  methods: {
    flash: call<(source: ResourceHandle, partition?: string | null) => void>(),
    dump: call<(target: ResourceHandle, partition?: string | null) => void>(),
    /** Writes an image of a container registry. The records are the output of the program that writes. */
    flashOci:
      streaming<
        (
          ociUrl: string,
          partition?: string | null,
          ociUsername?: string | null,
          ociPassword?: string | null,
        ) => ShellOutput
      >(),
  },
})
