import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'

export default defineConfig({
  plugins: [hardware({ exporters: { microbit: './microbit.yaml' } })],
  test: { reporters: ['verbose'] },
})
