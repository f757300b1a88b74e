import { test, type TestContext } from 'vitest'

import type { Transport } from './exporters.ts'

/** Who asks whom. */
export type Direction = 'our client, their exporter' | 'their client, our exporter'

/** One cell of the table in docs/interop.md: what was shown to work. */
export interface Cell {
  readonly interface: string
  readonly direction: Direction
  readonly transport: Transport
  /** Why it does not work; then the test shows that it does not. */
  readonly unsupported?: string
}

declare module 'vitest' {
  interface TaskMeta {
    interop?: Cell
  }
}

/** A test that fills a cell of the table. */
export function defineCell(cell: Cell, run: (context: TestContext) => Promise<void>): void {
  // oxlint-disable-next-line vitest/valid-title -- it is a string
  test(cell.interface, { meta: { interop: cell } }, run)
}
