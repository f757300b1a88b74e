/** A register of the target. */
export interface RegisterInfo {
  readonly name: string
  /** The size in bytes. */
  readonly size: number
  /** The number in packets. */
  readonly number: number
}

/** The processor, as its stub describes it. */
export interface TargetDescription {
  /** The name of the architecture, as BFD names it: `arm`, `i386:x86-64`, `riscv:rv32`; empty if the stub does not tell it. */
  readonly architecture: string
  /** True for a Cortex-M. */
  readonly isMProfile: boolean
  /** The registers, by their numbers. */
  readonly registers: readonly RegisterInfo[]
}

/** The most files of a description, so that one that includes itself has an end. */
const maxFiles = 32

/**
 * Reads the description of a target (GDB manual, "Target Descriptions").
 *
 * @param read reads a file of the description: `target.xml`, and those that it includes
 */
export async function readTargetDescription(
  read: (name: string) => Promise<string | undefined>,
): Promise<TargetDescription> {
  const texts: string[] = []
  let files = 0
  const include = async (name: string): Promise<void> => {
    if (files++ >= maxFiles) return
    const text = ((await read(name)) ?? '').replaceAll(/<!--[\s\S]*?-->/g, '')
    // The registers of a file that is included stand in its place.
    const [first = '', ...rest] = text.split(/<xi:include\b/)
    texts.push(first)
    for (const part of rest) {
      const { name: included, after = '' } =
        /^[^>]*?href="(?<name>[^"]+)"[^>]*>(?<after>[\s\S]*)$/.exec(part)?.groups ?? {}
      if (included !== undefined) await include(included)
      texts.push(after)
    }
  }
  await include('target.xml')
  const text = texts.join('\n')
  return {
    architecture: /<architecture>\s*([^<\s]+)\s*<\/architecture>/.exec(text)?.[1] ?? '',
    isMProfile: text.includes('org.gnu.gdb.arm.m-profile'),
    registers: readRegisters(text),
  }
}

function readRegisters(text: string): RegisterInfo[] {
  const registers: RegisterInfo[] = []
  for (const [tag] of text.matchAll(/<reg\b[^>]*>/g)) {
    const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
    const [name, bits, given] = [attribute('name'), Number(attribute('bitsize')), attribute('regnum')]
    // A register without a number has the number after that of the register before it.
    const number = given === undefined ? (registers.at(-1)?.number ?? -1) + 1 : Number(given)
    if (name !== undefined && bits > 0 && Number.isInteger(number))
      registers.push({ name, size: Math.ceil(bits / 8), number })
  }
  return registers.toSorted((one, other) => one.number - other.number)
}
