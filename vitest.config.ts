import { defineConfig } from 'vitest/config'

/** Tests of Vitest in Vitest, which wait for processes most of the time. */
const e2e = {
  include: ['test/e2e/**/*.test.ts'],
  exclude: ['test/e2e/projects/**'],
  testTimeout: 120_000,
  hookTimeout: 60_000,
}
const stressFactor = Math.max(1, Number(process.env['STRESS_FACTOR'] ?? 1))

export default defineConfig({
  test: {
    // Tests of programs keep two processors busy. The unit tests wait more, and their script sets four.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{conformance,controller,e2e,faults,guest,interop,package,stress}/**'],
          // For a busy machine: many tests start programs.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Starting a worker for each file took more than half of the processors' time.
          isolate: false,
        },
      },
      {
        // Drivers against real parts: daemons, instruments, containers, boards.
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          isolate: false,
        },
      },
      { test: { ...e2e, name: 'e2e' } },
      {
        test: {
          ...e2e,
          name: 'e2e-vitest-4',
          include: ['test/e2e/{evidence,sharing}.test.ts'],
          env: { TESTED_VITEST: '4' },
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          maxConcurrency: 3,
        },
      },
      {
        // Exporters and clients of a fleet, on the tests' double of Jumpstarter's controller and on the real one.
        test: {
          name: 'controller',
          include: ['test/controller/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // The ports of the real one are fixed.
          fileParallelism: false,
        },
      },
      {
        // Inside of the guest, whose processor is simulated. It has one USB bus.
        test: {
          name: 'guest',
          include: ['test/guest/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          isolate: false,
        },
      },
      {
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          exclude: ['test/package/project/**'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        // Measurements, and what is done many times; one file at a time, so that the figures mean something.
        test: {
          name: 'stress',
          include: ['test/stress/**/*.test.ts'],
          testTimeout: 300_000 * stressFactor,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxConcurrency: 3,
        },
      },
      {
        test: {
          ...e2e,
          name: 'stress-variants',
          include: ['test/e2e/{interrupts,interrupts-phases,plan,sharing}.test.ts'],
          env: { EVERY_VARIANT: '1' },
        },
      },
      { test: { ...e2e, name: 'stress-vitest-4', env: { TESTED_VITEST: '4' } } },
    ],
  },
})
