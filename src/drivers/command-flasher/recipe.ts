import type { ErrorCode, ErrorOrigin } from '../../errors.ts'
import type { FlashPhase } from '../../interfaces/flasher.ts'
import type { CommandFlasherConfig } from './config.ts'

/** The keys of the config that a recipe may use. The others are for every tool. */
export type RecipeKey = Exclude<
  keyof CommandFlasherConfig,
  'tool' | 'program' | 'args' | 'timeout' | 'enter' | 'leave' | 'safe'
>

/** The kinds of files that recipes tell from each other, by their first bytes. */
export type ImageKind = 'hex' | 'srec' | 'elf' | 'uf2' | 'esp' | 'raw'

/** The work that a recipe writes commands for. */
export interface FlashJob {
  readonly config: CommandFlasherConfig
  /** The path of the image, or of the file to read the board into. */
  readonly file: string
  /** The kind of the image. */
  readonly kind: ImageKind
  /** The size of the image, in bytes; 0 for a file to read into. */
  readonly bytes: number
  /** The part of the board that the client has named: an address, or a name. */
  readonly partition: string | undefined
}

/** A step of a tool, read from a line of its output. */
export interface ToolProgress {
  readonly phase: FlashPhase
  /** The part of the phase that is done, from 0 to 100 (default: unknown). */
  readonly percent?: number | undefined
  /** The bytes of the phase that are done. */
  readonly bytes?: number | undefined
  /** The bytes of the phase. */
  readonly total?: number | undefined
}

/** One run of a tool. */
export interface ToolRun {
  /** The arguments. No shell reads them. */
  readonly args: readonly string[]
  /** Another program than that of the recipe, which comes with the system. */
  readonly program?: string | undefined
  /** The phase that begins with the run. */
  readonly phase: FlashPhase
  /** Reads the progress from a line of the output. */
  readonly progress?: ((line: string) => ToolProgress | undefined) | undefined
  /** The text of standard input (default: none). */
  readonly input?: string | undefined
  /** The output that only a run without failures has. Several tools end with the exit code 0 whatever has happened. */
  readonly success?: RegExp | undefined
  /** Exit codes besides 0 of runs that may have succeeded, for tools that report the loss of a board that has just restarted. */
  readonly exitCodes?: readonly number[] | undefined
}

/** A way to learn before a write which board is there. */
export interface Identification {
  readonly run: ToolRun
  /** Finds the id that the board tells in the output; undefined if there is none. */
  readonly found: (output: string) => string | undefined
  /** The id that it has to be (default: any, as long as a board answers). */
  readonly expected: string | undefined
}

/** The meaning of a text in the output of a tool that has failed. */
export interface Failure {
  /** The groups `found` and `expected` are the ids of a wrong board. */
  readonly pattern: RegExp
  readonly code: ErrorCode
  /** The party that has to act (default: that of the code). */
  readonly origin?: ErrorOrigin | undefined
  /** The meaning in a message, to follow the name of the tool and a colon. */
  readonly text: string
}

/** The knowledge about one tool that writes boards. It is data and small functions; `CommandFlasher` does the work. */
export interface Recipe {
  /** The program, as it is in PATH. */
  readonly program: string
  /** The way to install it: `apt install avrdude`. */
  readonly install: string
  /** The first version whose arguments and output fit, and the run that tells the installed one. */
  readonly version: { readonly args: readonly string[]; readonly pattern: RegExp; readonly oldest: string }
  /** The keys of the config that have to be there. */
  readonly required: readonly RecipeKey[]
  /** The keys that may be there. */
  readonly optional: readonly RecipeKey[]
  /** The form of `chip`, and the words for it in a message (default: any). */
  readonly chip?: { readonly pattern: RegExp; readonly text: string } | undefined
  /** The parts of a board that a client may name, and the words for them in a message (default: none). */
  readonly partition?: { readonly pattern: RegExp; readonly text: string } | undefined
  /** The kinds of images that the tool takes. */
  readonly kinds: readonly ImageKind[]
  /** Reads from an image the name of another board that it is for; undefined if there is none. */
  readonly otherBoard?: ((image: Buffer, config: CommandFlasherConfig) => string | undefined) | undefined
  /**
   * The way to learn the id of the board. A recipe has none where the tool itself compares the id with the config before it writes;
   * its {@link failures} have the text.
   */
  readonly identify?: ((config: CommandFlasherConfig) => Identification | undefined) | undefined
  /** Writes an image and verifies it. */
  readonly flash: (job: FlashJob) => readonly ToolRun[]
  /**
   * Compares the board with an image: a run that succeeds if they are equal, and the output of one that finds a difference. Without it
   * the driver reads the board with {@link dump} and compares.
   */
  readonly compare?: ((job: FlashJob) => { readonly run: ToolRun; readonly differs: RegExp }) | undefined
  /** Reads the board into a file. `bytes` bytes are enough if that is above 0. */
  readonly dump?: ((job: FlashJob) => ToolRun) | undefined
  /** The meanings of failures. The first one that fits counts. */
  readonly failures: readonly Failure[]
}
