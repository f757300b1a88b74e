/** The pins of an RP2040 by number, with the Pico's names: GP0 to GP29 (RP2040 Datasheet, section 1.4.1). */
export const pinNames: readonly string[] = Array.from({ length: 30 }, (_, index) => `GP${index}`)

/** The pins that lines may be connected to; GP0 and GP1 are the console's. */
export const freePins: readonly string[] = pinNames.slice(2)
