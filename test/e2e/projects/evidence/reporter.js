import { writeFileSync } from 'node:fs'

/** Writes what tests have attached, by project and test. */
export default class {
  #attached = {}

  onTestCaseAnnotate(test, { type, message, attachment }) {
    const text = attachment?.body === undefined ? '' : String(attachment.body)
    this.#add(test, { type, message, text, path: attachment?.path })
  }

  onTestCaseArtifactRecord(test, { type, data }) {
    if (type === 'internal:browserTrace') this.#add(test, { type, data })
  }

  onTestRunEnd() {
    writeFileSync('attached.json', JSON.stringify(this.#attached))
  }

  #add(test, attached) {
    const key = `${test.project.name} ${test.name}`
    this.#attached[key] = [...(this.#attached[key] ?? []), attached]
  }
}
