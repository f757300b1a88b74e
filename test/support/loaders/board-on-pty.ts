import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { createPrivateFolder } from '../../../src/base/private-folder.ts'
import { Driver, type Implementation } from '../../../src/index.ts'
import { Power } from '../../../src/interfaces/index.ts'
import { rawPty, startSocat } from '../socat.ts'

/** A model of a chip behind a serial port. */
export interface ChipModel {
  /** The board has got power: the loader waits for commands. */
  powerOn(): void
  /** Gets bytes from the port. */
  receive(bytes: Uint8Array): void
}

/** A powered board on a pseudo terminal: the end of a serial cable. */
export interface BoardOnPty<Chip extends ChipModel> extends AsyncDisposable {
  /** The path of its serial port. */
  readonly path: string
  readonly chip: Chip
  /** Makes a driver of its power. */
  power(): ModelPower
  readonly isOn: boolean
  /** Pulls the cable. */
  interrupt(): Promise<void>
  restore(): Promise<void>
}

/**
 * Starts a model of a board whose chip has a loader. The board is off; a chip without power gets nothing and sends nothing.
 *
 * @param create makes the chip. @param create.send sends bytes to the port
 */
export async function startBoardOnPty<Chip extends ChipModel>(
  create: (send: (bytes: Uint8Array) => void) => Chip,
): Promise<BoardOnPty<Chip>> {
  const folder = await createPrivateFolder()
  const [path, end] = [join(folder.path, 'port'), join(folder.path, 'board')]
  const socat = await startSocat(rawPty(path), rawPty(end))
  let isOn = false
  let isCut = false
  let write: (bytes: Uint8Array) => void = () => undefined
  const chip = create((bytes) => {
    if (isOn && !isCut) write(bytes)
  })

  const start = async () => {
    const device = await open(end, 'r+')
    let writing = Promise.resolve()
    write = (bytes) => {
      // The terminal may have gone.
      writing = writing.then(async () => void (await device.write(bytes))).catch(() => undefined)
    }
    const run = async () => {
      for (;;) {
        const { buffer, bytesRead } = await device.read(Buffer.alloc(4096))
        if (bytesRead === 0) return
        if (isOn && !isCut) chip.receive(buffer.subarray(0, bytesRead))
      }
    }
    const ended = run().catch(() => undefined)
    return async () => {
      await ended
      await writing
      await device.close().catch(() => undefined)
    }
  }
  let stop = await start()
  const interrupt = async () => {
    // The chip falls silent at once, although the end of socat takes a moment.
    isCut = true
    await socat.kill()
    await stop()
    await Promise.all([rm(path, { force: true }), rm(end, { force: true })])
  }
  const switchTo = (on: boolean) => {
    if (on && !isOn) chip.powerOn()
    isOn = on
  }
  return {
    path,
    chip,
    power: () => new ModelPower(switchTo),
    get isOn() {
      return isOn
    },
    interrupt,
    async restore() {
      await socat.restart()
      isCut = false
      stop = await start()
    },
    async [Symbol.asyncDispose]() {
      await interrupt()
      await folder.remove()
    },
  }
}

/** The power of a model. */
export class ModelPower extends Driver implements Implementation<typeof Power> {
  static readonly interface = Power
  readonly #switchTo: (on: boolean) => void

  constructor(switchTo: (on: boolean) => void) {
    super()
    this.#switchTo = switchTo
  }

  on() {
    this.#switchTo(true)
  }

  off() {
    this.#switchTo(false)
  }

  async *read() {
    yield { voltage: 5, current: 0.1 }
  }
}
