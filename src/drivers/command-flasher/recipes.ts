import type { ToolName } from './config.ts'
import type { Recipe } from './recipe.ts'
import { avrdude } from './recipes/avrdude.ts'
import { dfuUtil } from './recipes/dfu-util.ts'
import { esptool } from './recipes/esptool.ts'
import { fastboot } from './recipes/fastboot.ts'
import { nrfutil } from './recipes/nrfutil.ts'
import { openocd } from './recipes/openocd.ts'
import { picotool } from './recipes/picotool.ts'
import { probeRs } from './recipes/probe-rs.ts'
import { stm32flash } from './recipes/stm32flash.ts'
import { uf2 } from './recipes/uf2.ts'

/** The recipes of the tools. */
export const recipes: Readonly<Record<ToolName, Recipe>> = {
  avrdude,
  'dfu-util': dfuUtil,
  esptool,
  fastboot,
  nrfutil,
  openocd,
  picotool,
  'probe-rs': probeRs,
  stm32flash,
  uf2,
}
