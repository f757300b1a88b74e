import { existsSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { Duplex, type Transform } from 'node:stream'
import type { TestContext } from 'vitest'

import { hasLinuxImages, linuxImages } from '../../scripts/make-linux-images.ts'
import { Console, type ConsoleOptions } from '../../src/clients/index.ts'
import { createPrivateFolder } from '../../src/base/private-folder.ts'
import { missingCommand, needsCommand, reasonToSkip, skipMissing } from './system-part.ts'

const ubootImage = '/usr/lib/u-boot/qemu_arm64/u-boot.bin'
const machine = ['-M', 'virt', '-cpu', 'cortex-a57', '-m', '256'] as const

/** U-Boot for arm64, from Debian's u-boot-qemu, with a network in which only QEMU itself answers. */
export const ubootArgs = [
  ...machine,
  ...['-bios', ubootImage],
  ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-device,netdev=net'],
] as const

/** The small Linux for arm64, which boots in some seconds. */
export const linuxArgs = [
  ...machine,
  ...['-nic', 'none', '-kernel', linuxImages.kernel, '-initrd', linuxImages.initrd],
  ...['-append', 'console=ttyAMA0'],
] as const

/** Skips a test on machines without QEMU or U-Boot's image; where CI is set that is an error. */
export function needsUboot(skip: TestContext['skip']): void {
  const reason = missingUboot()
  skip(reason !== undefined, reason)
}

/** The reason to skip a suite on machines without QEMU or U-Boot's image; where CI is set that is an error. */
export function missingUboot(): string | undefined {
  const missing = missingCommand('qemu-system-aarch64')
  return missing ?? (existsSync(ubootImage) ? undefined : reasonToSkip("Debian's package u-boot-qemu"))
}

/** Skips a test on machines without QEMU or the small Linux; where CI is set that is an error. */
export function needsLinux(skip: TestContext['skip']): void {
  needsCommand('qemu-system-aarch64', skip)
  if (!hasLinuxImages()) skipMissing('the small Linux', skip)
}

/**
 * Starts a board in QEMU. Its console has everything from the first byte on.
 *
 * @param damage changes what the board prints on its way to the console
 */
export async function startQemuBoard(args: readonly string[], options?: ConsoleOptions, damage?: Transform) {
  const folder = await createPrivateFolder()
  const path = join(folder.path, 'serial.sock')
  // QEMU connects, so that there is nothing to wait for.
  const server = createServer().listen(path)
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[Socket]>
  const common = ['-display', 'none', '-monitor', 'none', '-serial', `unix:${path}`]
  const qemu = spawn('qemu-system-aarch64', [...args, ...common], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(qemu, 'exit')
  const dispose = async () => {
    qemu.kill('SIGKILL')
    await ended.catch(() => undefined)
    server.close()
    await folder.remove()
  }
  try {
    const failed = ended.then(() => {
      throw new Error('QEMU has ended before it has connected')
    })
    const [line] = await Promise.race([connected, failed])
    failed.catch(() => undefined)
    line.on('error', () => undefined)
    const stream = damage === undefined ? line : Duplex.from({ readable: line.pipe(damage), writable: line })
    return {
      console: new Console('board', async () => stream, options),
      async [Symbol.asyncDispose]() {
        line.destroy()
        await dispose()
      },
    }
  } catch (error) {
    await dispose()
    throw error
  }
}
