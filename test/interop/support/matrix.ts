import { test, type TestContext } from 'vitest'

import type { Transport } from './exporters.ts'

/** Who asks whom. */
export type Direction = 'our client, their exporter' | 'their client, our exporter'

/** One cell of the tables in docs/interop.md: what was shown to work. */
export interface Cell {
  readonly interface: string
  readonly direction: Direction
  readonly transport: Transport
  /** The type of the driver in exporters' files, if the row is in the table of drivers and not in that of transports. */
  readonly driver?: string | undefined
  /** Why it does not work; then the test shows that it does not. */
  readonly unsupported?: string | undefined
}

declare module 'vitest' {
  interface TaskMeta {
    interop?: Cell
  }
}

/** A test that fills a cell of a table. */
export function defineCell(cell: Cell, run: (context: TestContext) => Promise<void>): void {
  // oxlint-disable-next-line vitest/valid-title -- it is a string
  test(cell.interface, { meta: { interop: cell } }, run)
}

/** A test that fills a cell of the table of drivers. Such a test uses TCP. */
export function defineDriverCell(
  cell: Omit<Cell, 'transport'> & { readonly driver: string },
  run: (context: TestContext) => Promise<void>,
): void {
  defineCell({ ...cell, transport: 'TCP' }, run)
}
