import { defineConfig } from 'vitest/config'
import type { TestSequencer, TestSpecification } from 'vitest/node'
import { hardware } from 'vitest-hardware/plugin'

/** Runs the last file first, and leaves one out. */
class Backwards implements TestSequencer {
  shard(files: TestSpecification[]) {
    return files.filter(({ moduleId }) => !moduleId.endsWith('a.test.ts'))
  }

  sort(files: TestSpecification[]) {
    return files.toSorted((one, other) => (one.moduleId < other.moduleId ? 1 : -1))
  }
}

export default defineConfig({
  plugins: [hardware({ exporters: { one: 'one.yaml' } })],
  test: { maxWorkers: 1, sequence: { sequencer: Backwards } },
})
