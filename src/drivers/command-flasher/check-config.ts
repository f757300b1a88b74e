import { findMistakes, isRecord, ruleFor, rules, throwMistakes } from '../../base/check.ts'
import { Mistake } from '../../base/mistake.ts'
import { type BoardStep, type CommandFlasherConfig, toolNames } from './config.ts'
import type { RecipeKey } from './recipe.ts'
import { recipes } from './recipes.ts'

const hexNumber = ruleFor(
  "an address as a text: '0x10000'",
  (value) => typeof value === 'string' && /^0x[\da-f]{1,16}$/i.test(value),
)

/** A text that no tool takes for an option. */
const word = ruleFor(
  'a text that does not begin with -',
  (value) => typeof value === 'string' && /^[^-\0][^\0]*$/.test(value),
)

const steps = rules.optional(
  ruleFor(
    'a list of steps: power.cycle, { call: power.on, args: [] }, { cycle: power, seconds: 1 }, { wait: 0.5 }, { touch: 1200 } or { pulse: dtr }',
    (value) => Array.isArray(value) && value.every(isStep),
  ),
)

/** The rules for the config, key by key. */
export const commandFlasherRules = {
  tool: rules.oneOf(...toolNames),
  program: rules.optional(rules.text),
  port: rules.optional(word),
  baudrate: rules.optional(rules.count),
  chip: rules.optional(word),
  programmer: rules.optional(word),
  id: rules.optional(word),
  address: rules.optional(hexNumber),
  partition: rules.optional(word),
  scripts: rules.optional(rules.texts),
  disk: rules.optional(word),
  folder: rules.optional(word),
  args: rules.optional(rules.texts),
  timeout: rules.optional(rules.seconds),
  enter: steps,
  leave: steps,
  safe: steps,
}

const recipeKeys: readonly RecipeKey[] = [
  'port',
  'baudrate',
  'chip',
  'programmer',
  'id',
  'address',
  'partition',
  'scripts',
  'disk',
  'folder',
]

/** @throws ConfigError with all mistakes of a config, among them the keys that the tool lacks or does not use */
export function checkCommandFlasherConfig(config: CommandFlasherConfig): void {
  const mistakes = [...findMistakes(config, commandFlasherRules)]
  const tool = config?.tool
  if (Object.hasOwn(recipes, tool)) {
    const { required, optional, chip } = recipes[tool]
    const isGiven = (key: RecipeKey) => config[key] !== undefined && config[key] !== null
    const missing = required.filter((key) => !isGiven(key))
    mistakes.push(...missing.map((key) => new Mistake([key], `is missing; the tool ${tool} needs it`)))
    if (chip !== undefined && typeof config.chip === 'string' && !chip.pattern.test(config.chip)) {
      mistakes.push(new Mistake(['chip'], `is "${config.chip}"; for the tool ${tool} it has to be ${chip.text}`))
    }
    const used = new Set([...required, ...optional])
    const unused = recipeKeys.filter((key) => isGiven(key) && !used.has(key))
    mistakes.push(...unused.map((key) => new Mistake([key], `has no effect with the tool ${tool}; leave it out`)))
  }
  throwMistakes(mistakes)
}

function isStep(step: unknown): step is BoardStep {
  if (typeof step === 'string') return step !== ''
  if (!isRecord(step)) return false
  const { seconds } = step
  if (seconds !== undefined && !isTime(seconds)) return false
  const keys = Object.keys(step)
  const has = (...names: readonly string[]) => keys.every((key) => names.includes(key))
  if (typeof step['call'] === 'string') return has('call', 'args') && Array.isArray(step['args'] ?? [])
  if (typeof step['cycle'] === 'string') return has('cycle', 'seconds')
  if ('wait' in step) return has('wait') && isTime(step['wait'])
  if ('touch' in step) return has('touch') && rules.count(step['touch']) === undefined
  return (step['pulse'] === 'dtr' || step['pulse'] === 'rts') && has('pulse', 'seconds')
}

/** The longest step is a minute, so that a typing error does not hold the board for hours. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 60
}
