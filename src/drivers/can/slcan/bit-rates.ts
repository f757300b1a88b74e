/**
 * The commands that set the bit rate. Those up to 1 Mbit/s are from the manual of Lawicel's CANUSB. CANable has 750 kbit/s in place of
 * 800 kbit/s, and 83.3 kbit/s in addition.
 */
export const bitRateCommands: ReadonlyMap<number, string> = new Map([
  [10_000, 'S0'],
  [20_000, 'S1'],
  [50_000, 'S2'],
  [100_000, 'S3'],
  [125_000, 'S4'],
  [250_000, 'S5'],
  [500_000, 'S6'],
  [750_000, 'S7'],
  [800_000, 'S7'],
  [1_000_000, 'S8'],
  [83_300, 'S9'],
])

/** The commands that set the bit rate of the data of CAN FD (CANable 2.0). */
export const dataBitRateCommands: ReadonlyMap<number, string> = new Map([
  [2_000_000, 'Y2'],
  [5_000_000, 'Y5'],
])
