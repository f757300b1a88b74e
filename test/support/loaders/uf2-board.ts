import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { CommandFlasher, type CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { toUf2 } from '../../../src/drivers/rp2040-board/uf2.ts'
import { ModelPower } from './board-on-pty.ts'

/** An image for an RP2040, of more bytes than a pipe holds. */
export const uf2Image: Uint8Array = toUf2(Buffer.from(Array.from({ length: 60_000 }, (_, index) => (index * 7) % 251)))

/** A model of the drive that an RP2040 shows in its loader: a folder, which is there while the board has power. */
class Uf2Drive {
  readonly folder: string
  boardId = 'RPI-RP2'
  isOn = false
  /** True for a drive that has no room. */
  isFull = false
  /** Is called in the middle of a write. The drive takes no more bytes then. */
  beforeWrite: (() => void) | undefined
  #pipe: Promise<FileHandle> | undefined

  constructor(folder: string) {
    this.folder = folder
  }

  /** The place of the image. */
  get file(): string {
    return join(this.folder, 'firmware.uf2')
  }

  /** The image on the drive; undefined if none has been written. */
  get image(): Buffer | undefined {
    return existsSync(this.file) ? readFileSync(this.file) : undefined
  }

  switchTo(on: boolean): void {
    this.isOn = on
    this.remove()
    if (!on) return
    mkdirSync(this.folder)
    // The lines of the boot ROM (RP2040 Datasheet, section 2.8.3.2).
    const lines = ['UF2 Bootloader v3.0', 'Model: Raspberry Pi RP2', `Board-ID: ${this.boardId}`, '']
    writeFileSync(join(this.folder, 'INFO_UF2.TXT'), lines.join('\r\n'))
    if (this.isFull) symlinkSync('/dev/full', this.file)
    if (this.beforeWrite === undefined) return
    spawnSync('mkfifo', [this.file])
    // This waits until somebody opens the other end.
    const pipe = open(this.file, 'r')
    this.#pipe = pipe
    void pipe.then(() => this.beforeWrite?.())
  }

  /** Takes the drive away. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Closes the pipe of a write that was stopped. */
  async close(): Promise<void> {
    await (await this.#pipe)?.close()
    this.#pipe = undefined
  }
}

/** A model of a board with an RP2040, and a way to make the driver that copies images to it. */
export async function startUf2Board() {
  const place = await createPrivateFolder()
  const drive = new Uf2Drive(join(place.path, 'RPI-RP2'))
  const flasher = (config: Partial<CommandFlasherConfig> = {}) => {
    const common = { tool: 'uf2', chip: 'RPI-RP2', folder: drive.folder } as const
    const enter = [{ cycle: 'power', seconds: 0.01 }]
    return new CommandFlasher({ ...common, enter, ...config }, { power: new ModelPower((on) => drive.switchTo(on)) })
  }
  const dispose = async () => {
    await drive.close()
    await place.remove()
  }
  return { drive, flasher, [Symbol.asyncDispose]: dispose }
}
