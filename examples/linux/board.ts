import { defineBoard } from 'vitest-hardware'
import { QemuClient, TftpServerClient } from 'vitest-hardware/clients'

import { linuxImages } from '../../scripts/make-linux-images.ts'

const { kernel, initrd, user, password } = linuxImages
const kernelAddress = 0x4100_0000
const initrdAddress = 0x4800_0000
const hex = (value: number) => `0x${value.toString(16)}`

/** The user of the console in the state `linux`. */
export const login = { user, password }

/** The board: U-Boot starts it, and gets Linux from the exporter's TFTP server. */
export const virt = defineBoard({
  drivers: { board: QemuClient, tftp: TftpServerClient },
  states: {
    uboot: {
      timeoutMs: 2_000,
      check: async ({ board }) => {
        const uboot = await board.console.shell('uboot', { timeoutMs: 1_500 })
        return (await uboot.run('version')).exitCode === 0
      },
    },
    linux: {
      timeoutMs: 3_000,
      check: async ({ board }) => {
        const shell = await board.console.shell('linux', { ...login, timeoutMs: 2_500 })
        return (await shell.run('true')).exitCode === 0
      },
    },
  },
  edges: [
    {
      from: 'any',
      to: 'uboot',
      timeoutMs: 30_000,
      run: async ({ board }) => {
        await board.power.cycle({ offMs: 0 })
        await board.console.shell('uboot')
      },
    },
    {
      from: 'uboot',
      to: 'linux',
      timeoutMs: 90_000,
      run: async ({ board, tftp }) => {
        await tftp.storage.writeFile('Image', kernel)
        await tftp.storage.writeFile('initrd.gz', initrd)
        await tftp.start()
        const serverIp = await tftp.host()
        const uboot = await board.console.shell('uboot')
        await uboot.dhcp()
        await uboot.tftp(kernelAddress, 'Image', { serverIp })
        const length = await uboot.tftp(initrdAddress, 'initrd.gz', { serverIp })
        await uboot.setEnv('bootargs', 'console=ttyAMA0')
        await uboot.boot(`booti ${hex(kernelAddress)} ${hex(initrdAddress)}:${hex(length)} \${fdtcontroladdr}`)
        await board.console.shell('linux', login)
        await board.saveSnapshot('linux')
      },
    },
    // After the first boot the snapshot is the fastest way, from any state.
    {
      name: 'snapshot',
      from: 'any',
      to: 'linux',
      timeoutMs: 10_000,
      costMs: 1_000,
      run: async ({ board }) => {
        await board.loadSnapshot('linux')
      },
    },
  ],
})
