import { onTargetTests, type TargetTestFormat } from 'vitest-hardware'
import { QemuClient } from 'vitest-hardware/clients'

/** Runs the tests of the firmware that a command starts. */
export function run(command: string, format: TargetTestFormat, timeoutMs?: number): Promise<void> {
  return onTargetTests(
    { dut: { drivers: { board: QemuClient } } },
    {
      console: ({ dut }) => dut.board.console,
      async start({ dut }) {
        await dut.board.power.on()
        await dut.board.console.expect('> ')
        await dut.board.console.sendLine(command)
      },
      format,
      timeoutMs,
      sourceRoot: 'firmware',
    },
  )
}
