import { writeFileSync } from 'node:fs'

/** Writes the first error of every test, and of every file that could not be read, with the origin that reports get. */
export default class {
  onTestRunEnd(modules) {
    const results = modules.flatMap((module) => [
      ...module.errors().map((error) => resultOf(module.relativeModuleId, error, {})),
      ...[...module.children.allTests()].flatMap((test) => {
        const [error] = test.result().errors ?? []
        return error === undefined ? [] : [resultOf(test.name, error, test.meta().hardware)]
      }),
    ])
    writeFileSync('results.json', JSON.stringify(results))
  }
}

function resultOf(name, { message, code, origin }, hardware) {
  return { name, message, code, origin, hardware }
}
