/** What clients last did with an exporter, as it has seen it. */
export interface ExporterActivity {
  /** The calls that were under way. */
  readonly calls: readonly {
    /** `board.power.cycle`. */
    readonly name: string
    /** For how long, in milliseconds. */
    readonly ms: number
  }[]
  /** What byte streams that carry text have brought from devices. */
  readonly consoles: readonly { readonly name: string; readonly lines: readonly string[] }[]
}
