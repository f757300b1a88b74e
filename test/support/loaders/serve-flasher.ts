import { FlasherClient, type FlashProgress } from '../../../src/clients/index.ts'
import type { CommandFlasher, CommandFlasherConfig } from '../../../src/drivers/index.ts'
import { serve } from '../../../src/index.ts'

/** A board with a way to make the driver that flashes it. */
export interface FlashableBoard extends AsyncDisposable {
  flasher(config?: Partial<CommandFlasherConfig>): CommandFlasher
}

/** Serves the driver of a board's flasher. The board is disposed of with the client. */
export async function serveFlasher<Board extends FlashableBoard>(board: Board, config?: Partial<CommandFlasherConfig>) {
  const client = await serve(board.flasher(config), { client: FlasherClient })
  const flash = async (image: Uint8Array, { ifDifferent = false }: { readonly ifDifferent?: boolean } = {}) => {
    const told: FlashProgress[] = []
    await client.flash(Buffer.from(image), { ifDifferent, onProgress: (progress) => told.push(progress) })
    return told
  }
  const dispose = async () => {
    await client[Symbol.asyncDispose]()
    await board[Symbol.asyncDispose]()
  }
  return { ...board, client, flash, [Symbol.asyncDispose]: dispose }
}

/** The phases of a flash in their order, each with the bytes at its end. */
export function phasesOf(told: readonly FlashProgress[]) {
  return [...new Set(told.map(({ phase }) => phase))].map((phase) => {
    const last = told.findLast((progress) => progress.phase === phase)
    return [phase, last?.bytes, last?.total] as const
  })
}
