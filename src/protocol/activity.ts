/** The last activity of clients on an exporter, as the exporter has seen it. */
export interface ExporterActivity {
  /** The calls that were under way. */
  readonly calls: readonly {
    /** `board.power.cycle`. */
    readonly name: string
    /** The time since the call began, in milliseconds. */
    readonly ms: number
  }[]
  /** The last lines of devices, from byte streams that carry text. */
  readonly consoles: readonly { readonly name: string; readonly lines: readonly string[] }[]
}
