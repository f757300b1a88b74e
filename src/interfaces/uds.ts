import { call, defineInterface } from './define.ts'

/** The negative answer of a control unit: its code, and the code's name. Both are null in a positive answer. */
export interface UdsRefusal {
  readonly nrc: number | null
  readonly nrc_name: string | null
}

/** An answer of a control unit. A refusal is an answer, too, and no error. */
export interface UdsResponse extends UdsRefusal {
  readonly service: string
  readonly success: boolean
  /** In hexadecimal digits. */
  readonly data: string | null
}

/** The value of a data identifier; bytes are in hexadecimal digits. */
export interface UdsDidValue {
  readonly did: number
  readonly value: string | number | null
}

/** A diagnostic trouble code. */
export interface UdsTroubleCode {
  readonly dtc_id: number
  readonly status: number
  readonly severity: number | null
}

/** The answer to a request for a seed. */
export interface UdsSeed extends UdsRefusal {
  /** In hexadecimal digits. */
  readonly seed: string
  readonly success: boolean
}

/** The answer of a routine. */
export interface UdsRoutine extends UdsRefusal {
  readonly routine_id: number
  readonly control_type: string
  readonly success: boolean
  /** In hexadecimal digits. */
  readonly status_record: string | null
}

/** The answer to an authentication; bytes are in hexadecimal digits. */
export interface UdsAuthentication extends UdsRefusal {
  readonly authentication_task: number
  readonly return_value: number
  readonly success: boolean
  readonly challenge_server: string | null
  readonly certificate_server: string | null
  readonly proof_of_ownership_server: string | null
  readonly session_key_info: string | null
  readonly algorithm_indicator: string | null
  readonly needed_additional_parameter: string | null
}

/** The answer to a request for a file; sizes are in bytes. */
export interface UdsFileTransfer extends UdsRefusal {
  readonly moop: number
  readonly success: boolean
  readonly max_length: number | null
  readonly filesize_uncompressed: number | null
  readonly filesize_compressed: number | null
  readonly dirinfo_length: number | null
}

/** The kinds of a diagnostic session. */
export type UdsSession = 'default' | 'programming' | 'extended' | 'safety'

/** The kinds of a reset. */
export type UdsReset = 'hard' | 'key_off_on' | 'soft'

/** Unified Diagnostic Services of a control unit (ISO 14229). Arguments with `Hex` in their name are hexadecimal digits. */
export const Uds = defineInterface({
  client: 'jumpstarter_driver_uds.client.UdsClient',
  methods: {
    changeSession: call<(session: UdsSession) => UdsResponse>({ idempotent: true }),
    ecuReset: call<(resetType: UdsReset) => UdsResponse>(),
    /** Keeps the session from ending. */
    testerPresent: call<() => void>({ idempotent: true }),
    /** An empty list is a refusal. */
    readDataByIdentifier: call<(didList: readonly number[]) => readonly UdsDidValue[]>({ idempotent: true }),
    writeDataByIdentifier: call<(did: number, valueHex: string) => UdsResponse>({ idempotent: true }),
    requestSeed: call<(level: number) => UdsSeed>(),
    sendKey: call<(level: number, keyHex: string) => UdsResponse>(),
    /** @param group default 0xffffff: all */
    clearDtc: call<(group?: number) => UdsResponse>({ idempotent: true }),
    /** @param mask default 0xff: all; an empty list may be a refusal */
    readDtcByStatusMask: call<(mask?: number) => readonly UdsTroubleCode[]>({ idempotent: true }),
    startRoutine: call<(routineId: number, dataHex?: string) => UdsRoutine>(),
    stopRoutine: call<(routineId: number, dataHex?: string) => UdsRoutine>(),
    getRoutineResult: call<(routineId: number, dataHex?: string) => UdsRoutine>({ idempotent: true }),
    authentication:
      call<
        (
          authenticationTask: number,
          communicationConfiguration?: number | null,
          certificateClientHex?: string,
          challengeClientHex?: string,
          algorithmIndicatorHex?: string,
          proofOfOwnershipClientHex?: string,
        ) => UdsAuthentication
      >(),
    /** @param moop the kind of the request, by the codes of ISO 14229; @param filesize in bytes */
    requestFileTransfer: call<(moop: number, path: string, filesize?: number | null) => UdsFileTransfer>(),
  },
})
