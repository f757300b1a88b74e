/** The first UART of QEMU's board virt (hw/arm/virt.c). */
const uart = 0x0900_0000
const message = Buffer.from('hello from the program\r\n\0')

const instructions = [
  0xd2a00001 | ((uart >>> 16) << 5), // movz x1, #uart, lsl #16
  0x10000142, // adr x2, message (10 instructions on)
  0x38401440, // ldrb w0, [x2], #1
  0x34000060, // cbz w0, 3 instructions on
  0xb9000020, // str w0, [x1]
  0x17fffffd, // b 3 instructions back
  0x52b08000, // movz w0, #0x8400, lsl #16
  0x72800120, // movk w0, #9: SYSTEM_RESET (Arm DEN 0022, Power State Coordination Interface)
  0xd4000002, // hvc #0
  0xd503207f, // wfi
  0x17ffffff, // b back to it
]

/**
 * A program that U-Boot starts with `booti`, as it starts Linux. It writes a text to the UART and restarts the board.
 * It has the header of an arm64 Image (Documentation/arch/arm64/booting.rst in Linux).
 */
export const program: Uint8Array = Buffer.concat([header(), ...instructions.map(littleEndian), message])

function header(): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.writeUInt32LE(0x14000010, 0) // b over the header
  bytes.writeBigUInt64LE(4096n, 16) // the memory that it needs
  bytes.writeBigUInt64LE(0b1010n, 24) // little-endian, pages of 4 KiB, at any address
  bytes.write('ARM\x64', 56, 'latin1')
  return bytes
}

function littleEndian(instruction: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(instruction >>> 0)
  return bytes
}
