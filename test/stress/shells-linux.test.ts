import { test, vi } from 'vitest'

import { linuxImages } from '../../scripts/make-linux-images.ts'
import { runManyCommands } from '../clients/many-commands.ts'
import { linuxArgs, needsLinux, startQemuBoard } from '../support/qemu-board.ts'
import { scaled } from './support/scaled.ts'

vi.setConfig({ testTimeout: 300_000 })

const { user, password } = linuxImages

test('a hundred commands, with prompts in their output and kernel messages in between', async ({ skip }) => {
  needsLinux(skip)
  await using board = await startQemuBoard(linuxArgs)
  await runManyCommands(await board.console.shell('linux', { user, password }), scaled(100))
})
