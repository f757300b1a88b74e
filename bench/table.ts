/** Rows of cells, the first row their heads. */
export type Table = readonly (readonly string[])[]

/** A table for a terminal: columns aligned, figures to the right. */
export function formatText(table: Table): string {
  const widths = widthsOf(table)
  const lines = table.map((row) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0, index > 0))
      .join('  ')
      .trimEnd(),
  )
  const rule = '─'.repeat(Math.max(...lines.map((line) => line.length)))
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

/** The same in Markdown. */
export function formatMarkdown(table: Table): string {
  const [head = [], ...rows] = table
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = `|${head.map((_, index) => (index === 0 ? '---|' : '--:|')).join('')}`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

function widthsOf([head = [], ...rows]: Table): number[] {
  return head.map((cell, index) => Math.max(cell.length, ...rows.map((row) => row[index]?.length ?? 0)))
}

function pad(cell: string, width: number, toTheRight: boolean): string {
  return toTheRight ? cell.padStart(width) : cell.padEnd(width)
}
