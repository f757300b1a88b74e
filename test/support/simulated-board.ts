import { expect } from 'vitest'

import {
  CompositeClient,
  DigitalInputClient,
  DigitalOutputClient,
  FlasherClient,
  SerialClient,
  VirtualPowerClient,
} from '../../src/clients/index.ts'
import type { AvrBoard, Rp2040Board } from '../../src/drivers/index.ts'
import { serve } from '../../src/index.ts'

/** Serves a simulated board. @param pins the connected pins, by the lab's directions */
export async function serveSimulatedBoard(
  driver: AvrBoard | Rp2040Board,
  pins: { readonly input: string; readonly output: string },
) {
  const board = await serve(driver, { client: CompositeClient })
  const child = <C>(Class: abstract new (...args: never) => C, ...path: string[]): C => {
    const client = path.reduce((parent, name) => parent?.children[name] as CompositeClient, board as CompositeClient)
    expect(client).toBeInstanceOf(Class)
    return client as C
  }
  return {
    power: child(VirtualPowerClient, 'power'),
    console: child(SerialClient, 'console'),
    flasher: child(FlasherClient, 'flasher'),
    input: child(DigitalInputClient, 'gpio', pins.input),
    output: child(DigitalOutputClient, 'gpio', pins.output),
    [Symbol.asyncDispose]: () => board[Symbol.asyncDispose](),
  }
}
