import { defineConfig } from 'vitest/config'
import { hardware } from 'vitest-hardware/plugin'

export default defineConfig({
  plugins: [hardware({ exporters: { virt: './virt.yaml' } })],
  test: { reporters: ['verbose'], testTimeout: 3_000 },
})
