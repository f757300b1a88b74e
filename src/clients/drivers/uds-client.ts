import {
  Uds,
  type UdsDidValue,
  type UdsRefusal,
  type UdsReset,
  type UdsResponse,
  type UdsRoutine,
  type UdsSession,
  type UdsTroubleCode,
} from '../../interfaces/uds.ts'
import { DriverClient } from '../driver-client.ts'
import { toHex } from '../hex.ts'

/** An answer of a control unit. A refusal is an answer, too, and no error. */
export interface UdsAnswer {
  readonly isPositive: boolean
  readonly data: Buffer
  /** The code of the refusal (NRC), and its name; null in a positive answer. */
  readonly refusal: { readonly code: number; readonly name: string } | null
}

/**
 * Unified Diagnostic Services of a control unit (ISO 14229), with bytes for the wire's hexadecimal digits.
 *
 * @example
 * ```ts
 * await dut.uds.changeSession('extended')
 * const unlocked = await dut.uds.unlock(1, (seed) => keyOf(seed))
 * expect(unlocked.isPositive).toBe(true)
 * ```
 */
export class UdsClient extends DriverClient<typeof Uds> {
  static readonly interface = Uds

  async changeSession(session: UdsSession): Promise<UdsAnswer> {
    return toAnswer(await this.call('changeSession', session))
  }

  async reset(kind: UdsReset): Promise<UdsAnswer> {
    return toAnswer(await this.call('ecuReset', kind))
  }

  /** Keeps the session from ending. */
  async testerPresent(): Promise<void> {
    await this.call('testerPresent')
  }

  /** Reads values by their data identifiers. The list is empty after a refusal. */
  readData(...identifiers: readonly number[]): Promise<readonly UdsDidValue[]> {
    return this.call('readDataByIdentifier', identifiers)
  }

  async writeData(identifier: number, value: Uint8Array | readonly number[]): Promise<UdsAnswer> {
    return toAnswer(await this.call('writeDataByIdentifier', identifier, toHex(value)))
  }

  /**
   * Gets access to a security level: asks for the seed, and sends the key.
   *
   * @param key makes the key of the seed
   */
  async unlock(
    level: number,
    key: (seed: Buffer) => Uint8Array | readonly number[] | Promise<Uint8Array | readonly number[]>,
  ): Promise<UdsAnswer> {
    const answer = await this.call('requestSeed', level)
    const seed = Buffer.from(answer.seed, 'hex')
    if (!answer.success) return { isPositive: false, data: seed, refusal: toRefusal(answer) }
    return toAnswer(await this.call('sendKey', level, toHex(await key(seed))))
  }

  /** @param group default: all */
  async clearTroubleCodes(group?: number): Promise<UdsAnswer> {
    return toAnswer(await this.call('clearDtc', group))
  }

  /** @param mask the bits of the status to look for (default: all) */
  readTroubleCodes(mask?: number): Promise<readonly UdsTroubleCode[]> {
    return this.call('readDtcByStatusMask', mask)
  }

  async startRoutine(id: number, data: Uint8Array | readonly number[] = []): Promise<UdsAnswer> {
    return toRoutineAnswer(await this.call('startRoutine', id, toHex(data)))
  }

  async stopRoutine(id: number, data: Uint8Array | readonly number[] = []): Promise<UdsAnswer> {
    return toRoutineAnswer(await this.call('stopRoutine', id, toHex(data)))
  }

  async routineResult(id: number, data: Uint8Array | readonly number[] = []): Promise<UdsAnswer> {
    return toRoutineAnswer(await this.call('getRoutineResult', id, toHex(data)))
  }
}

function toRefusal({ nrc, nrc_name: name }: UdsRefusal): UdsAnswer['refusal'] {
  return nrc === null ? null : { code: nrc, name: name ?? '' }
}

function toAnswer(response: UdsResponse): UdsAnswer {
  const data = Buffer.from(response.data ?? '', 'hex')
  return { isPositive: response.success, data, refusal: toRefusal(response) }
}

function toRoutineAnswer(routine: UdsRoutine): UdsAnswer {
  const data = Buffer.from(routine.status_record ?? '', 'hex')
  return { isPositive: routine.success, data, refusal: toRefusal(routine) }
}
