import { createPtyPair } from '../../support/pty-pair.ts'

/** The answers of the adapter to its own commands. */
const adapter: Readonly<Record<string, string>> = {
  ATZ: 'ELM327 v1.5',
  ATRV: '12.6V',
  // Automatic, and found: CAN with 11 bits and 500 kbit/s.
  ATDPN: 'A6',
}

/** The answers of a control unit, by OBD-II's modes and identifiers (SAE J1979). */
const vehicle: Readonly<Record<string, string>> = {
  // It knows 01, 04, 05, 0C and 0D.
  '0100': '7E8 06 41 00 98 18 00 00',
  // 3000 revolutions in a minute, in quarters.
  '010C': '7E8 04 41 0C 2E E0',
  '010D': '7E8 03 41 0D 58',
  '04': '7E8 01 44',
}

/** Starts a model of an ELM327 adapter on a pseudo terminal, with a vehicle behind it. */
export async function startElm327() {
  const pair = await createPtyPair()
  const commands: string[] = []
  const answer = (command: string) => {
    commands.push(command)
    if (command.startsWith('AT')) return adapter[command] ?? 'OK'
    // The last digit may say how many answers to wait for.
    return vehicle[command] ?? vehicle[command.slice(0, -1)] ?? 'NO DATA'
  }
  const serve = async () => {
    for (let text = ''; ;) {
      const { buffer, bytesRead } = await pair.device.read(Buffer.alloc(64))
      if (bytesRead === 0) return
      text += buffer.toString('latin1', 0, bytesRead)
      const [rest = '', ...lines] = text.split('\r').toReversed()
      text = rest
      for (const line of lines.toReversed()) {
        await pair.device.write(`${answer(line.replaceAll(' ', '').toUpperCase())}\r\r>`)
      }
    }
  }
  // It ends when the terminal does.
  void serve().catch(() => undefined)
  return {
    path: pair.port,
    commands,
    async [Symbol.asyncDispose]() {
      // The read under way ends with the terminal, and keeps its file from closing.
      await pair.unplug()
      await pair[Symbol.asyncDispose]()
    },
  }
}
