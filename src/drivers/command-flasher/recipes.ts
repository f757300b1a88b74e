import type { ToolName } from './config.ts'
import type { Recipe } from './recipe.ts'
import { avrdude } from './recipes/avrdude.ts'
import { esptool } from './recipes/esptool.ts'
import { stm32flash } from './recipes/stm32flash.ts'
import { uf2 } from './recipes/uf2.ts'

/** The recipes of the tools. */
export const recipes: Readonly<Record<ToolName, Recipe>> = {
  avrdude,
  esptool,
  stm32flash,
  uf2,
}
