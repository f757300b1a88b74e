/** The tools, each with a recipe. */
export const toolNames = [
  'avrdude',
  'dfu-util',
  'esptool',
  'fastboot',
  'nrfutil',
  'openocd',
  'picotool',
  'probe-rs',
  'stm32flash',
  'uf2',
] as const

/** A tool that writes boards. */
export type ToolName = (typeof toolNames)[number]

/** A step that brings a board into its loader, or out of it. Names of drivers are those of children. */
export type BoardStep =
  /** A call of a child, `power.off`; or `power.cycle`, which switches off, waits for 2 s, and switches on. */
  | string
  /** A call of a child with arguments. */
  | { readonly call: string; readonly args?: readonly unknown[] | undefined }
  /** Switches a child off and on, with a time in between, in seconds. */
  | { readonly cycle: string; readonly seconds?: number | undefined }
  /** Waits for a time in seconds. */
  | { readonly wait: number }
  /** Opens `port` at a baud rate and closes it, which boards with native USB take as a wish: 1200 for those of Arduino. */
  | { readonly touch: number }
  /** Makes a line of `port` active for a time in seconds (default 0.1). */
  | { readonly pulse: 'dtr' | 'rts'; readonly seconds?: number | undefined }

/** The config of {@link CommandFlasher}. Which keys there have to be depends on the tool. */
export interface CommandFlasherConfig {
  /** The tool. */
  readonly tool: ToolName
  /** The path of the program, if it is not in PATH under its usual name. */
  readonly program?: string | undefined
  /** The serial port that the tool opens: `/dev/serial/by-id/…`. */
  readonly port?: string | undefined
  /** Bits a second (default: that of the tool). */
  readonly baudrate?: number | undefined
  /** The chip or the board that has to be there, in the words of the tool: `m328p`, `esp32s3`, `0x410`, `nRF52840_xxAA`. */
  readonly chip?: string | undefined
  /** The programmer: `arduino` for avrdude, `SWD` or `JTAG` for JLink. */
  readonly programmer?: string | undefined
  /** The id of the one board, probe or card that is meant: a serial number, or the MAC address of an ESP32. */
  readonly id?: string | undefined
  /** The address for images that have none, and for the part of the board that a client does not name. */
  readonly address?: string | undefined
  /** The part of the board for clients that name none: an alternate setting for dfu-util, a partition for fastboot. */
  readonly partition?: string | undefined
  /** The configuration files of OpenOCD. */
  readonly scripts?: readonly string[] | undefined
  /** The block device that dd or bmaptool writes: `/dev/disk/by-id/…`. */
  readonly disk?: string | undefined
  /** The folder of the drive that a loader with UF2 shows: `/media/lab/RPI-RP2`. */
  readonly folder?: string | undefined
  /** More arguments for each run of the tool. */
  readonly args?: readonly string[] | undefined
  /** The longest that a flash may take, in seconds (default 300), with the wait for the board and its check. */
  readonly timeout?: number | undefined
  /** The way into the loader (default: the tool's own, such as pulses of DTR and RTS). */
  readonly enter?: readonly BoardStep[] | undefined
  /** The way out of the loader, after a flash (default: the tool's own). */
  readonly leave?: readonly BoardStep[] | undefined
  /** The calls after a flash that has failed (default: `power.off`, where there is a child `power`). */
  readonly safe?: readonly BoardStep[] | undefined
}
