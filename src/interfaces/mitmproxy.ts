import { byteStream, call, defineInterface, streaming } from './define.ts'

/** The work of a proxy: to answer by mocks, to pass requests, to record them, or to answer from a record. */
export type MitmproxyMode = 'mock' | 'passthrough' | 'record' | 'replay'

/**
 * A proxy for HTTP and HTTPS between a board and the network. Arguments and results with `json` in their description are JSON
 * texts. Where a result is a text for people, a mistake is such a text, too, and no error.
 */
export const Mitmproxy = defineInterface({
  client: 'jumpstarter_driver_mitmproxy.client.MitmproxyClient',
  methods: {
    /** A connection to the proxy's web page. */
    connectWeb: byteStream(),
    /**
     * Starts the proxy.
     *
     * @param mode default `mock`
     * @param webUi true to serve the proxy's web page (default false)
     * @param replayFile the record to answer from
     * @param port the port to listen on (default 0: the driver's config)
     * @returns a text for people
     */
    start: call<(mode?: MitmproxyMode, webUi?: boolean, replayFile?: string, port?: number) => string>(),
    /** @returns a text for people */
    stop: call<() => string>({ idempotent: true }),
    /** Like `start`; an empty mode keeps the present one. */
    restart: call<(mode?: MitmproxyMode | '', webUi?: boolean, replayFile?: string, port?: number) => string>(),
    /** @returns json: an object */
    status: call<() => string>({ idempotent: true }),
    isRunning: call<() => boolean>({ idempotent: true }),
    /**
     * Answers requests.
     *
     * @param body json
     * @param contentType default `application/json`
     * @param headers json: an object
     */
    setMock: call<
      (method: string, path: string, status: number, body: string, contentType?: string, headers?: string) => string
    >({ idempotent: true }),
    removeMock: call<(method: string, path: string) => string>({ idempotent: true }),
    clearMocks: call<() => string>({ idempotent: true }),
    /** @returns json: an object by `METHOD /path` */
    listMocks: call<() => string>({ idempotent: true }),
    /** Answers requests with a file of the proxy's folder. @param headers json: an object */
    setMockFile: call<
      (
        method: string,
        path: string,
        filePath: string,
        contentType?: string,
        status?: number,
        headers?: string,
      ) => string
    >({ idempotent: true }),
    /** Passes requests, and changes the answers. @param patchesJson json: the fields to set; @param headers json */
    setMockPatch: call<(method: string, path: string, patchesJson: string, headers?: string) => string>({
      idempotent: true,
    }),
    /** @param body json; @param latencyMs the wait before the answer, in milliseconds */
    setMockWithLatency: call<
      (method: string, path: string, status: number, body: string, latencyMs: number, contentType?: string) => string
    >({ idempotent: true }),
    /** Answers requests with one answer after another. @param sequenceJson json: a list of answers */
    setMockSequence: call<(method: string, path: string, sequenceJson: string) => string>({ idempotent: true }),
    /** Answers requests with values made for each, such as `{{now_iso}}`. @param templateJson json */
    setMockTemplate: call<(method: string, path: string, templateJson: string, status?: number) => string>({
      idempotent: true,
    }),
    /** Lets a Python script of the exporter answer. @param addonConfigJson json: an object for the script */
    setMockAddon: call<(method: string, path: string, addonName: string, addonConfigJson?: string) => string>({
      idempotent: true,
    }),
    /** Answers by the first rule that matches. @param rulesJson json: a list of rules */
    setMockConditional: call<(method: string, path: string, rulesJson: string) => string>({ idempotent: true }),
    /** @param valueJson json: a value that scripts and templates can read */
    setState: call<(key: string, valueJson: string) => string>({ idempotent: true }),
    /** @returns json; `null` for an unknown key */
    getState: call<(key: string) => string>({ idempotent: true }),
    clearState: call<() => string>({ idempotent: true }),
    /** @returns json: an object */
    getAllState: call<() => string>({ idempotent: true }),
    /** @returns json: a list of names */
    listAddons: call<() => string>({ idempotent: true }),
    /** Replaces all mocks by those of a file on the exporter's machine. */
    loadMockScenario: call<(scenarioFile: string) => string>({ idempotent: true }),
    /** Replaces all mocks by those of a text. @param filename its end, `.json` or `.yaml`, tells the format */
    loadMockScenarioContent: call<(filename: string, content: string) => string>({ idempotent: true }),
    /** @returns json: a list of objects with `name`, `size_bytes` and `modified` */
    listFlowFiles: call<() => string>({ idempotent: true }),
    /** A record, in pieces of base64. */
    getFlowFile: streaming<(name: string) => string>({ idempotent: true }),
    /** The path of the certificate that signs the proxy's certificates. */
    getCaCertPath: call<() => string>({ idempotent: true }),
    /** That certificate in PEM. A text that begins with `Error:` is a failure. */
    getCaCert: call<() => string>({ idempotent: true }),
    /** @returns json: a list of requests */
    getCapturedRequests: call<() => string>({ idempotent: true }),
    /** The requests so far, and those that come. Each is json: an object. */
    watchCapturedRequests: streaming<() => string>({ idempotent: true }),
    clearCapturedRequests: call<() => string>({ idempotent: true }),
    /** @returns json: an object with `yaml`, the mocks that answer as the real servers did, and `files` */
    exportCapturedScenario: call<(filterPattern?: string, excludeMocked?: boolean) => string>({ idempotent: true }),
    /** Removes the files of long answers. */
    cleanCaptureSpool: call<() => string>({ idempotent: true }),
    /** A file of a long answer, in pieces of base64. */
    getCapturedFile: streaming<(relativePath: string) => string>({ idempotent: true }),
    uploadMockFile: call<(relativePath: string, contentBase64: string) => string>({ idempotent: true }),
    /**
     * Waits for a request.
     *
     * @param timeout in seconds (default 10)
     * @returns json: the request, or an object with `error` after the time
     */
    waitForRequest: call<(method: string, path: string, timeout?: number) => string>({ idempotent: true }),
  },
})
