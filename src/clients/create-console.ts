import type { Duplex } from 'node:stream'

import { lineEndLabel, lineEnds } from '../interfaces/serial.ts'
import { noteReader } from '../recording/record-step.ts'
import { Console } from './console.ts'
import type { ConsoleOptions } from './console/console-base.ts'
import { type ClientNode, labelOf } from './client-node.ts'

/** Makes the console of a driver's client, with the guards of the connection. A guard ends the waits on the whole exporter. */
export function createConsole(
  node: ClientNode,
  connect: () => Promise<Duplex>,
  {
    name,
    ...options
  }: ConsoleOptions & {
    /** The name of the console if the driver is the root and has no role. */ readonly name: string
  },
): Console {
  const {
    report,
    guards,
    lineEnd = lineEnds.get(report.labels[lineEndLabel] ?? ''),
    boardFailure,
    channel,
    recorder,
  } = node
  boardFailure.watch()
  const fixed = { guards, lineEnd, boardFailure, details: channel.details }
  const recorded = recorder && { secrets: recorder.secrets, lastCallAt: () => recorder.lastCallAt }
  const label = labelOf(node, name)
  const open = async () => {
    const stream = await connect()
    noteReader(stream, label)
    return stream
  }
  const console = new Console(label, open, { ...fixed, ...recorded, ...options })
  recorder?.addConsole({
    name: console.name,
    length: () => console.reader({ from: 'end' }).mark().text,
    rawLength: () => console.reader({ from: 'end' }).mark().raw,
    pieces: (from) => console.piecesSince({ text: 0, raw: from }),
    text: (from, to) => console.masked(console.since({ text: from, raw: 0 }, { text: to, raw: 0 })),
  })
  return console
}
