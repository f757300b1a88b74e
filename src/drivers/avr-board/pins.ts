/** Arduino's names for the pins of an ATmega328P, by port (ATmega328P data sheet, section 1; Arduino Uno schematic). */
export const ports = {
  B: ['D8', 'D9', 'D10', 'D11', 'D12', 'D13'],
  C: ['A0', 'A1', 'A2', 'A3', 'A4', 'A5'],
  D: ['D0', 'D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7'],
} as const

/** The pins that lines may be connected to; D0 and D1 are the console's. */
export const freePins: readonly string[] = Object.values(ports)
  .flat()
  .filter((pin) => pin !== 'D0' && pin !== 'D1')
